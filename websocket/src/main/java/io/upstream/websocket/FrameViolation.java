// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

/** The peer broke RFC 6455; carries the close code to answer with. */
final class FrameViolation extends Exception {
    private static final long serialVersionUID = 1L;

    private final int closeCode;

    FrameViolation(int closeCode, String message) {
        super(message);
        this.closeCode = closeCode;
    }

    int closeCode() {
        return closeCode;
    }
}
