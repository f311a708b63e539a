// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** An encoded message that cannot be read. */
final class MalformedMessageException extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedMessageException(String what) {
        super(what, null, false, false);
    }
}
