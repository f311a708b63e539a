// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

/** What became of a transfer (AMQP 1.0 section 3.4). */
public enum Outcome {
    ACCEPTED(0x24),
    REJECTED(0x25),
    RELEASED(0x26),
    MODIFIED(0x27),
    /** Settled without a word about what became of it. */
    UNKNOWN(0);

    /** The descriptor of the delivery state; 0 for none. */
    final int code;

    Outcome(int code) {
        this.code = code;
    }

    /** The outcome with that descriptor; {@link #UNKNOWN} for any other. */
    static Outcome of(int code) {
        return switch (code) {
            case 0x24 -> ACCEPTED;
            case 0x25 -> REJECTED;
            case 0x26 -> RELEASED;
            case 0x27 -> MODIFIED;
            default -> UNKNOWN;
        };
    }
}
