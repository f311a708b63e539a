// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.Reconnect;
import io.upstream.UpstreamException;
import java.time.Duration;

/**
 * What a session does about a failure of its connection, the same for all four protocols: how long it pauses at least and at most before it
 * tries again. None ends it but {@link #GIVE_UP}. All times are multiples of the policy's {@link Reconnect#most}, 60 s by default.
 */
public enum Remedy {
    /** The network, or a hub that is not there at the moment: soon, for ever. */
    TRY_SOON {
        @Override
        Duration least(Duration most, int failures) {
            return Duration.ZERO;
        }
    },
    /** The peer asks for less: 10 s, or what it says itself. */
    ASK_FOR_LESS {
        @Override
        Duration least(Duration most, int failures) {
            return most.dividedBy(6);
        }
    },
    /** The quota of a day is used up, the identity is unknown or switched off, the proxy wants other credentials: every 5 min. */
    WAIT_FOR_SOMEBODY {
        @Override
        Duration least(Duration most, int failures) {
            return most.multipliedBy(LONG);
        }
    },
    /** Refused credentials: at once with fresh ones, for they may just have ended; then after 5 s; after five in a row every 5 min. */
    SHOW_FRESH_CREDENTIALS {
        @Override
        Duration least(Duration most, int failures) {
            if (failures == 0) {
                return Duration.ZERO;
            }
            return failures < PATIENCE ? most.dividedBy(12) : most.multipliedBy(LONG);
        }
    },
    /** A certificate that is not to be trusted, or a clock that is wrong: 1 to 15 min, and never with less care. */
    WAIT_FOR_TRUST {
        @Override
        Duration least(Duration most, int failures) {
            return most;
        }

        @Override
        Duration most(Duration most) {
            return most.multipliedBy(14);
        }
    },
    /** A setting or a proxy's rule is in the way, or another client pushes this one off time and again: every minute. */
    WAIT_FOR_A_CHANGE {
        @Override
        Duration least(Duration most, int failures) {
            return most;
        }
    },
    /** A peer that breaks the protocol may be another one next time; if it is not, every 5 min. */
    TRY_ANOTHER_TIME {
        @Override
        Duration least(Duration most, int failures) {
            return failures < PATIENCE ? Duration.ZERO : most.multipliedBy(LONG);
        }
    },
    /** Closed here, or this process is broken: no other attempt. */
    GIVE_UP {
        @Override
        Duration least(Duration most, int failures) {
            return Duration.ZERO;
        }
    };

    /** So many refusals of the same kind in a row are no accident. */
    static final int PATIENCE = 5;

    private static final int LONG = 5;

    /** What the table says, but for a process that lacks a class: it will not find one by trying. */
    public static Remedy of(UpstreamException cause) {
        return cause.getCause() instanceof LinkageError ? GIVE_UP : of(cause.kind());
    }

    /** The table. */
    public static Remedy of(FailureKind kind) {
        return switch (kind) {
            case TIMEOUT,
                    UNREACHABLE,
                    REFUSED,
                    RESET,
                    DNS,
                    CLOSED_BY_PEER,
                    PROXY_UNREACHABLE,
                    SERVER_ERROR,
                    KICKED, // once: see Backoff
                    INTERNAL -> TRY_SOON;
            case THROTTLED -> ASK_FOR_LESS;
            case QUOTA, PROXY_AUTH, NOT_FOUND, DEVICE_DISABLED -> WAIT_FOR_SOMEBODY;
            case UNAUTHORIZED, TOKEN_EXPIRED -> SHOW_FRESH_CREDENTIALS;
            case TLS_TRUST, TLS_NAME, TLS_EXPIRED, TLS_OTHER -> WAIT_FOR_TRUST;
            case PROXY_DENIED, CONFIGURATION -> WAIT_FOR_A_CHANGE;
            case PROTOCOL, WS_REJECTED -> TRY_ANOTHER_TIME;
            case CLOSED -> GIVE_UP;
            // of one message, and never of a connection
            case VERSION_MISMATCH, TOO_LARGE, INVALID, OUTBOX_FULL -> TRY_SOON;
        };
    }

    /** Whether {@code cause} may have passed when the machine is on another network. */
    public static boolean mayPassElsewhere(UpstreamException cause) {
        return switch (cause.kind()) {
            case THROTTLED, QUOTA, UNAUTHORIZED, TOKEN_EXPIRED, NOT_FOUND, DEVICE_DISABLED, KICKED -> false;
            default -> cause.retryAfter().isZero();
        };
    }

    /**
     * No attempt sooner.
     *
     * @param most the policy's longest pause
     * @param failures how many there were in a row before this one
     */
    abstract Duration least(Duration most, int failures);

    /** The range that a pause is drawn from grows up to here. */
    Duration most(Duration most) {
        return most;
    }
}
