// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

/** What became of a message that was taken in; each has exactly one in the end. */
public enum Outcome {
    /** The hub has it. */
    ACKNOWLEDGED(5),
    /** The hub refused it, it cannot be sent, or the session ended by a failure. */
    FAILED(6),
    /** There was no answer by its deadline. */
    EXPIRED(7),
    /** The application took it back, or closed the session before there was an answer. */
    CANCELLED(8);

    /** Where {@link Ledger} counts it, behind its own five. */
    final int slot;

    Outcome(int slot) {
        this.slot = slot;
    }
}
