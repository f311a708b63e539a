// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import org.jspecify.annotations.Nullable;

/**
 * What became of a transfer (AMQP 1.0 section 3.4).
 *
 * @param error why it was rejected, if the peer said so
 */
record Outcome(Kind kind, @Nullable PeerError error) {
    enum Kind {
        ACCEPTED,
        REJECTED,
        RELEASED,
        MODIFIED,
        /** Settled without a word about what became of it. */
        UNKNOWN
    }
}
