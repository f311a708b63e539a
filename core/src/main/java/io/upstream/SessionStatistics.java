// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What has happened in a session since it was opened, or in several together. All numbers but {@link Outgoing#pending}, {@link
 * Outgoing#inFlight} and {@link Outgoing#pendingBytes} only grow. Immutable.
 *
 * @param outgoing telemetry
 * @param incoming what the hub has sent
 * @param connecting how the way to the hub fared
 */
public record SessionStatistics(Outgoing outgoing, Incoming incoming, Connecting connecting) {
    /** Nothing has happened. */
    public static final SessionStatistics NONE = new SessionStatistics(Outgoing.NONE, Incoming.NONE, Connecting.NONE);

    /** Both together. */
    public SessionStatistics plus(SessionStatistics other) {
        return new SessionStatistics(
                outgoing.plus(other.outgoing), incoming.plus(other.incoming), connecting.plus(other.connecting));
    }

    /**
     * The messages that the application has sent, each counted once however often it was written. In every reading, from any thread, at any
     * time: {@code accepted = acknowledged + failed + expired + cancelled + pending}.
     *
     * @param accepted taken in by {@code send} or {@code sendBatch}
     * @param acknowledged the hub has them
     * @param failed refused by the hub, not fit to be sent, or unanswered when a failure ended the session
     * @param expired not answered within {@link UpstreamOptions#operationTimeout}
     * @param cancelled taken back by the application, or unanswered when it closed the session or the runtime
     * @param pending taken in and not answered yet
     * @param inFlight of these, how many are written to the present connection
     * @param rejected refused at once because the outbox was full: these are not among the accepted
     * @param acknowledgedBytes of the payloads of the acknowledged
     * @param pendingBytes of the payloads of the pending, give or take what is being taken in or answered at the moment
     * @param acknowledgedAfter the time from the call to the hub's acknowledgement, all added up
     * @param stalls how often messages had waited for seconds although they could be written, and were written then: a defect of this library
     *     that it has mended for the moment, to be reported; 0
     */
    public record Outgoing(
            long accepted,
            long acknowledged,
            long failed,
            long expired,
            long cancelled,
            long pending,
            long inFlight,
            long rejected,
            long acknowledgedBytes,
            long pendingBytes,
            Duration acknowledgedAfter,
            long stalls) {
        static final Outgoing NONE = new Outgoing(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, Duration.ZERO, 0);

        Outgoing plus(Outgoing other) {
            return new Outgoing(
                    accepted + other.accepted,
                    acknowledged + other.acknowledged,
                    failed + other.failed,
                    expired + other.expired,
                    cancelled + other.cancelled,
                    pending + other.pending,
                    inFlight + other.inFlight,
                    rejected + other.rejected,
                    acknowledgedBytes + other.acknowledgedBytes,
                    pendingBytes + other.pendingBytes,
                    acknowledgedAfter.plus(other.acknowledgedAfter),
                    stalls + other.stalls);
        }
    }

    /**
     * What was given to the application's handlers; what the hub delivers twice counts twice.
     *
     * @param messages from the cloud, or for a module's inputs
     * @param methodCalls direct methods
     * @param desiredChanges of the twin, those that were missed and made up for included
     * @param failures how often the application's code threw, in a handler or a listener, or the stage that a handler gave failed
     */
    public record Incoming(long messages, long methodCalls, long desiredChanges, long failures) {
        static final Incoming NONE = new Incoming(0, 0, 0, 0);

        Incoming plus(Incoming other) {
            return new Incoming(
                    messages + other.messages,
                    methodCalls + other.methodCalls,
                    desiredChanges + other.desiredChanges,
                    failures + other.failures);
        }
    }

    /**
     * How often the identity came onto a connection, and what that took.
     *
     * @param attempts begun, the first included
     * @param failedAttempts of these
     * @param connections of these, how many led to {@link Phase#CONNECTED}
     * @param reconnects of these, all but a session's first
     * @param losses how many connections ended without a plan
     * @param disconnected the time without a connection since the first, all added up; what lasts counts as far as it has come
     * @param tokenRenewals fresh tokens that the hub was shown in time, in place or on the next connection
     * @param failedTokenRenewals tries that led to no such token, and were repeated
     * @param roundTrip of the latest sign of life that was asked for (MQTT: PINGREQ to PINGRESP; AMQP: a probe), null if there was none; of several sessions
     *     the longest
     * @param lastFailure what went wrong last, null if nothing has
     * @param lastFailureAt when
     */
    public record Connecting(
            long attempts,
            long failedAttempts,
            long connections,
            long reconnects,
            long losses,
            Duration disconnected,
            long tokenRenewals,
            long failedTokenRenewals,
            @Nullable Duration roundTrip,
            @Nullable FailureKind lastFailure,
            @Nullable Instant lastFailureAt) {
        static final Connecting NONE = new Connecting(0, 0, 0, 0, 0, Duration.ZERO, 0, 0, null, null, null);

        Connecting plus(Connecting other) {
            Connecting later = isLater(other.lastFailureAt, lastFailureAt) ? other : this;
            return new Connecting(
                    attempts + other.attempts,
                    failedAttempts + other.failedAttempts,
                    connections + other.connections,
                    reconnects + other.reconnects,
                    losses + other.losses,
                    disconnected.plus(other.disconnected),
                    tokenRenewals + other.tokenRenewals,
                    failedTokenRenewals + other.failedTokenRenewals,
                    longer(roundTrip, other.roundTrip),
                    later.lastFailure,
                    later.lastFailureAt);
        }

        private static boolean isLater(@Nullable Instant other, @Nullable Instant own) {
            return other != null && (own == null || other.isAfter(own));
        }

        private static @Nullable Duration longer(@Nullable Duration one, @Nullable Duration other) {
            if (one == null || other == null) {
                return one == null ? other : one;
            }
            return one.compareTo(other) > 0 ? one : other;
        }
    }
}
