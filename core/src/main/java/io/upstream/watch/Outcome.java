// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

/** What became of a message that was taken in; each has exactly one in the end. */
public enum Outcome {
    /** The hub has it. */
    ACKNOWLEDGED(4),
    /** The hub refused it, it cannot be sent, or the session ended by a failure. */
    FAILED(5),
    /** There was no answer by its deadline. */
    EXPIRED(6),
    /** The application took it back, or closed the session before there was an answer. */
    CANCELLED(7);

    /** Where {@link Ledger} counts it, behind its own four. */
    final int slot;

    Outcome(int slot) {
        this.slot = slot;
    }
}
