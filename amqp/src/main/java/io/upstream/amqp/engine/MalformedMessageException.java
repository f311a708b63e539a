// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

/** An encoded message that cannot be read. */
public final class MalformedMessageException extends Exception {
    private static final long serialVersionUID = 1L;

    public MalformedMessageException(String what) {
        super(what, null, false, false);
    }
}
