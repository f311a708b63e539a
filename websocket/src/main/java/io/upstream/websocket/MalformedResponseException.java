// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

/** The answer to the upgrade request is not HTTP/1.1. */
final class MalformedResponseException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedResponseException(String message) {
        super(message);
    }
}
