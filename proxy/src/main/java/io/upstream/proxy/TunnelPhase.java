// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

/** Where one connection of the dialogue with a proxy is. */
enum TunnelPhase {
    /** Somebody makes the value for the next request. */
    AUTHENTICATING,
    /** The request is on its way out. */
    REQUESTING,
    AWAITING_ANSWER,
    /** The rest of a 407 is read and dropped. */
    DRAINING,
    OPEN,
    FAILED;

    boolean mayBecome(TunnelPhase next) {
        return switch (this) {
            case AUTHENTICATING -> next == REQUESTING || next == FAILED;
            case REQUESTING -> next == AWAITING_ANSWER || next == FAILED;
            case AWAITING_ANSWER -> next == DRAINING || next == AUTHENTICATING || next == OPEN || next == FAILED;
            case DRAINING -> next == AUTHENTICATING || next == FAILED;
            case OPEN, FAILED -> false;
        };
    }

    boolean isOver() {
        return this == OPEN || this == FAILED;
    }
}
