// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/**
 * Where a session is in its life.
 *
 * <pre>
 *   CONNECTING ──► CONNECTED ◄──► RECONNECTING
 *       │              ├───────────────┘
 *       │              ▼
 *       └──────────► CLOSING ──► CLOSED      the first attempt was refused, or closed here
 * </pre>
 */
public enum Phase {
    /** The connection is being made. */
    CONNECTING,
    /** The hub has accepted the identity, and confirmed again what was subscribed to on an earlier connection: messages flow both ways. */
    CONNECTED,
    /**
     * The connection was lost, {@link SessionStatus#cause} tells why, or is being renewed, then there is no cause. Another one is made, as
     * often as it takes: what is sent waits, handlers stay in place. Messages are sent as soon as the hub has accepted the identity.
     */
    RECONNECTING,
    /** {@code close} was called: what is under way may still be settled. */
    CLOSING,
    /** Over, for good: by {@code close}, or because of {@link SessionStatus#cause}. */
    CLOSED;

    /** Whether a session in this phase may go to {@code next}. */
    public boolean mayBecome(Phase next) {
        return switch (this) {
            case CONNECTING -> next == CONNECTED || next == CLOSING || next == CLOSED;
            case CONNECTED -> next == RECONNECTING || next == CLOSING || next == CLOSED;
            case RECONNECTING -> next == CONNECTED || next == RECONNECTING || next == CLOSING || next == CLOSED;
            case CLOSING -> next == CLOSED;
            case CLOSED -> false;
        };
    }
}
