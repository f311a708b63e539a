// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.upstream.connect.Failures;

/**
 * Why something ended.
 *
 * @param condition such as {@code amqp:not-found}; may be empty
 * @param description free text, from outside if the peer told it; may be empty
 */
public record PeerError(String condition, String description, Origin origin) {
    public enum Origin {
        /** The peer put it so. */
        TOLD,
        /** The peer broke the protocol, and was told so by us. */
        BREACH
    }

    /** What the peer told. */
    static PeerError told(String condition, String description) {
        return new PeerError(condition, description, Origin.TOLD);
    }

    /** What the peer did against the rules. */
    static PeerError breach(String condition, String description) {
        return new PeerError(condition, description, Origin.BREACH);
    }

    /** Fit for one line of a log. */
    @Override
    public String toString() {
        String name = Failures.printable(condition);
        return description.isBlank() ? name : name + ": " + Failures.printable(description);
    }
}
