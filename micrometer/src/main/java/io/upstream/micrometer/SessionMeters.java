// SPDX-License-Identifier: Apache-2.0
package io.upstream.micrometer;

import io.micrometer.core.instrument.Tags;
import io.upstream.FailureKind;
import io.upstream.SessionStatistics;
import io.upstream.SessionStatistics.Connecting;
import io.upstream.SessionStatistics.Incoming;
import io.upstream.SessionStatistics.Outgoing;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * The meters of sessions, one or many.
 *
 * @param <N> what the meters read
 * @param meters where they are registered
 * @param sessions finds the numbers of the sessions in it
 */
record SessionMeters<N>(MeterSet<N> meters, Function<N, SessionStatistics> sessions) {
    private static final String SENT = "Messages that the application has sent, by what became of them";
    private static final String RECEIVED = "What the hub has sent, by its kind";

    void register() {
        outgoing();
        incoming();
        connecting();
    }

    private void outgoing() {
        meters.counter(
                "upstream.messages.accepted",
                "messages",
                "Messages that were taken in",
                Tags.empty(),
                out(Outgoing::accepted));
        sent("acknowledged", Outgoing::acknowledged);
        sent("failed", Outgoing::failed);
        sent("expired", Outgoing::expired);
        sent("cancelled", Outgoing::cancelled);
        sent("rejected", Outgoing::rejected);
        meters.timer(
                "upstream.send.duration",
                "From the call to the hub's acknowledgement",
                Tags.empty(),
                out(Outgoing::acknowledged),
                numbers -> sessions.apply(numbers).outgoing().acknowledgedAfter());
        meters.counter(
                "upstream.payload",
                "bytes",
                "Payloads that the hub has acknowledged",
                Tags.empty(),
                out(Outgoing::acknowledgedBytes));
        meters.counter(
                "upstream.outbox.stalls",
                "stalls",
                "How often messages waited that could be written",
                Tags.empty(),
                out(Outgoing::stalls));
        gauge("upstream.outbox.size", "messages", "Messages that wait or are not acknowledged", Outgoing::pending);
        gauge(
                "upstream.outbox.inflight",
                "messages",
                "Messages that are written and not acknowledged",
                Outgoing::inFlight);
        gauge("upstream.outbox.bytes", "bytes", "Payloads that wait or are not acknowledged", Outgoing::pendingBytes);
    }

    private void sent(String outcome, ToLongFunction<Outgoing> value) {
        meters.counter("upstream.messages.sent", "messages", SENT, Tags.of("outcome", outcome), out(value));
    }

    private void gauge(String name, String unit, String what, ToLongFunction<Outgoing> value) {
        meters.gauge(name, unit, what, Tags.empty(), out(value));
    }

    private ToLongFunction<N> out(ToLongFunction<Outgoing> value) {
        return numbers -> value.applyAsLong(sessions.apply(numbers).outgoing());
    }

    private void incoming() {
        received("message", Incoming::messages);
        received("method", Incoming::methodCalls);
        received("desired", Incoming::desiredChanges);
        meters.counter(
                "upstream.callbacks.failed",
                "callbacks",
                "How often the application's code threw, or the stage of a handler failed",
                Tags.empty(),
                numbers -> sessions.apply(numbers).incoming().failures());
    }

    private void received(String kind, ToLongFunction<Incoming> value) {
        meters.counter(
                "upstream.messages.received",
                "messages",
                RECEIVED,
                Tags.of("kind", kind),
                numbers -> value.applyAsLong(sessions.apply(numbers).incoming()));
    }

    private void connecting() {
        meters.counter(
                "upstream.reconnects",
                "connections",
                "Connections that came after a session's first",
                Tags.empty(),
                ways(each -> each.reconnects()));
        meters.counter(
                "upstream.losses",
                "connections",
                "Connections that a session lost without a plan",
                Tags.empty(),
                ways(Connecting::losses));
        meters.seconds(
                "upstream.disconnected",
                "Time that sessions were without a connection",
                numbers -> sessions.apply(numbers).connecting().disconnected());
        renewals("success", Connecting::tokenRenewals);
        renewals("failure", Connecting::failedTokenRenewals);
        meters.duration(
                "upstream.keepalive.rtt",
                "Round trip of the latest sign of life, of several sessions the longest; NaN if there was none",
                Tags.empty(),
                numbers -> sessions.apply(numbers).connecting().roundTrip());
        for (FailureKind kind : FailureKind.values()) {
            meters.gauge(
                    "upstream.failure.last",
                    null,
                    "1 for the kind of what went wrong last, else 0",
                    Kinds.tag(kind),
                    numbers -> kind == lastFailure(numbers) ? 1 : 0);
        }
    }

    private @Nullable FailureKind lastFailure(N numbers) {
        return sessions.apply(numbers).connecting().lastFailure();
    }

    private void renewals(String outcome, ToLongFunction<Connecting> value) {
        meters.counter(
                "upstream.token.renewals",
                "tokens",
                "Fresh tokens while the former still held, and tries that led to none",
                Tags.of("outcome", outcome),
                ways(value));
    }

    private ToLongFunction<N> ways(ToLongFunction<Connecting> value) {
        return numbers -> value.applyAsLong(sessions.apply(numbers).connecting());
    }
}
