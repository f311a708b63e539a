// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * Where a session is in its life.
 *
 * <pre>
 *   CONNECTING ──► CONNECTED ──► CLOSING ──► CLOSED
 *       └──────────────┴────────────────────────▲      refused, lost, or closed at once
 * </pre>
 */
public enum Phase {
    /** The connection is being made. */
    CONNECTING,
    /** The hub has accepted the identity: messages flow. */
    CONNECTED,
    /** {@code close} was called: what is under way may still be settled. */
    CLOSING,
    /** Over, for good: {@link SessionStatus#cause} tells why unless {@code close} was called. */
    CLOSED;

    /** Whether a session in this phase may go to {@code next}. */
    public boolean mayBecome(Phase next) {
        return switch (this) {
            case CONNECTING -> next == CONNECTED || next == CLOSING || next == CLOSED;
            case CONNECTED -> next == CLOSING || next == CLOSED;
            case CLOSING -> next == CLOSED;
            case CLOSED -> false;
        };
    }
}
