// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.io.IOException;

/** The peer spoke when no layer was listening. */
final class UnclaimedBytesException extends IOException {
    private static final long serialVersionUID = 1L;

    UnclaimedBytesException() {
        super("bytes that no layer waits for");
    }
}
