// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

/** The peer broke the protocol; ends the connection. Never leaves the engine. The message continues a sentence that begins with "it". */
final class Violation extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String condition;

    private Violation(String condition, String what) {
        super(what, null, false, false);
        this.condition = condition;
    }

    /** What goes on makes no sense on the level of frames, channels and handles. */
    static Violation framing(String what) {
        return new Violation("amqp:connection:framing-error", what);
    }

    /** Bytes that are no AMQP values. */
    static Violation decode(String what) {
        return new Violation("amqp:decode-error", what);
    }

    /** A value that may not be there. */
    static Violation invalid(String what) {
        return new Violation("amqp:invalid-field", what);
    }

    /** What may not be done now. */
    static Violation illegal(String what) {
        return new Violation("amqp:illegal-state", what);
    }

    static Violation of(String condition, String what) {
        return new Violation(condition, what);
    }

    /** What the peer is told. */
    String condition() {
        return condition;
    }

    String what() {
        return String.valueOf(getMessage());
    }
}
