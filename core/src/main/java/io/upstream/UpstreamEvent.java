// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened, as {@link UpstreamObserver}s are told. Immutable; carries no secret and no payload.
 *
 * @param sequence 1 for the first on a runtime, one more for each that follows, whatever transport and session it belongs to; a number that is
 *     missing was dropped
 * @param at when, by the wall clock
 * @param protocol that is spoken or tried
 * @param identity whose; null for a connection that several share
 * @param what what it was
 */
public record UpstreamEvent(
        long sequence,
        Instant at,
        UpstreamProtocol protocol,
        @Nullable Identity identity,
        What what) {

    /** The kinds of events. */
    public sealed interface What {}

    /**
     * A connection is attempted.
     *
     * @param attempt its number in this process, by which the end can be told to belong to it
     */
    public record AttemptBegan(long attempt) implements What {}

    /**
     * The attempt is over.
     *
     * @param stages the layers in order, that which failed last; those of an earlier way that was given up for another come first
     * @param took all together
     * @param proxy through which the last way led; null for none
     * @param address what the socket was opened to, the proxy if there is one; null if none was
     * @param family of that address
     * @param failure null if there is a connection
     */
    public record AttemptEnded(
            long attempt,
            List<Stage> stages,
            Duration took,
            @Nullable HostPort proxy,
            @Nullable String address,
            Family family,
            @Nullable UpstreamException failure)
            implements What {
        public AttemptEnded {
            stages = List.copyOf(stages);
        }
    }

    /**
     * How long one layer took.
     *
     * @param name {@code plan} (proxy, trust, token), {@code resolve}, {@code tcp}, {@code proxy-tls}, {@code tunnel}, {@code tls}, {@code
     *     websocket}, {@code mqtt}, {@code amqp} …
     */
    public record Stage(String name, Duration took) {}

    /** Which internet protocol. */
    public enum Family {
        IPV4,
        IPV6,
        /** No socket was opened. */
        NONE
    }

    /**
     * The identity is on a connection, and what was subscribed to before is subscribed to again.
     *
     * @param number 1 for the first, one more for each reconnect
     * @param disconnected for how long there was none; zero for the first
     */
    public record Connected(long number, Duration disconnected) implements What {}

    /**
     * The connection is no longer of use.
     *
     * @param cause null if it is replaced as planned, because its token ends
     */
    public record Lost(@Nullable UpstreamException cause) implements What {}

    /**
     * Another attempt will be made.
     *
     * @param attempt 1 for the first after a loss
     * @param pause from now; zero for at once. The attempt may have to wait longer for its turn
     * @param cause why; null if it is planned
     */
    public record ReconnectPlanned(
            int attempt, Duration pause, @Nullable UpstreamException cause) implements What {}

    /** The peer has asked for less, or a quota is used up: comes beside {@link Lost} or {@link ReconnectPlanned}. */
    public record Throttled(UpstreamException cause) implements What {}

    /**
     * There is a fresh token before the former has ended, and the hub has it or gets it with the next connection.
     *
     * @param took to make it, and to show it where that is done in place
     */
    public record TokenRenewed(Duration took) implements What {}

    /**
     * There is none yet, and the former still holds.
     *
     * @param cause an {@link UpstreamException} where it is known what to do; its text is not that of a token's provider
     * @param nextTryIn the pause before the next try
     */
    public record TokenRenewalFailed(UpstreamException cause, Duration nextTryIn) implements What {}

    /** The peer has given the sign of life that it was asked for. */
    public record RoundTrip(Duration took) implements What {}

    /**
     * What the hub sent meanwhile may be missed.
     *
     * @param subject {@code desired changes}, {@code messages} or {@code methods}
     */
    public record Gap(String subject) implements What {}

    /**
     * The session is over.
     *
     * @param cause null if the application closed it
     */
    public record Closed(@Nullable UpstreamException cause) implements What {}
}
