// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.session.Callbacks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The one topic that a session subscribes to, and who waits for the hub's word on it. Confined to the event loop. */
final class Subscription {
    /** How long the hub may take to answer a SUBSCRIBE, if an operation may take that long at all. */
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(15);

    private final CloudTopic topic;
    private final Where where;
    private final EventLoop loop;
    private final Callbacks callbacks;
    private final Duration limit;
    private final Runnable subscribe;
    private final List<Waiter> waiting = new ArrayList<>();
    private State state = State.NONE;

    private enum State {
        NONE,
        /** A SUBSCRIBE is unanswered; stays so when nobody waits for the answer any more. */
        ASKED,
        GRANTED
    }

    private record Waiter(CompletableFuture<Void> outcome, Future<?> alarm) {}

    /**
     * Asks for nothing yet.
     *
     * @param subscribe sends a SUBSCRIBE for the filter of {@code topic}
     */
    Subscription(
            CloudTopic topic,
            Where where,
            EventLoop loop,
            Callbacks callbacks,
            Duration operationTimeout,
            Runnable subscribe) {
        this.topic = topic;
        this.where = where;
        this.loop = loop;
        this.callbacks = callbacks;
        this.limit = operationTimeout.compareTo(ANSWER_LIMIT) < 0 ? operationTimeout : ANSWER_LIMIT;
        this.subscribe = subscribe;
    }

    /** Completes {@code outcome}, on the callback executor, when the hub has confirmed. */
    void await(CompletableFuture<Void> outcome) {
        if (state == State.GRANTED) {
            tell(outcome, null);
            return;
        }
        Future<?> alarm = loop.schedule(() -> expire(outcome), limit.toNanos(), TimeUnit.NANOSECONDS);
        waiting.add(new Waiter(outcome, alarm));
        if (state == State.NONE) {
            state = State.ASKED;
            subscribe.run();
        }
    }

    /**
     * Takes the hub's answer.
     *
     * @throws UpstreamException of kind {@link FailureKind#PROTOCOL} if nothing was asked, or more granted than was asked
     */
    void answered(int packetId, int code) throws UpstreamException {
        if (state != State.ASKED || packetId != InFlight.SUBSCRIBE_ID || (code != 0 && code != 1 && code != 0x80)) {
            throw MqttFrameReader.violation(
                    where, "a SUBACK for packet id " + packetId + " with code " + code + ", which answers nothing");
        }
        boolean granted = code != 0x80;
        state = granted ? State.GRANTED : State.NONE;
        tellAll(
                granted
                        ? null
                        : UpstreamException.of(
                                FailureKind.UNAUTHORIZED,
                                where,
                                where.hop() + " refused the subscription to " + topic.filter()
                                        + ": check that the identity may receive messages"));
    }

    /** Fails {@code outcome}, on the callback executor. */
    void refuse(CompletableFuture<Void> outcome, UpstreamException cause) {
        tell(outcome, cause);
    }

    /** Fails all who wait. */
    void end(UpstreamException cause) {
        tellAll(cause);
    }

    private void expire(CompletableFuture<Void> outcome) {
        if (waiting.removeIf(waiter -> waiter.outcome == outcome)) {
            tell(
                    outcome,
                    UpstreamException.of(
                            FailureKind.TIMEOUT,
                            where,
                            where.hop() + " did not answer the subscription to " + topic.filter() + " within "
                                    + Failures.seconds(limit) + ": try again, or check the connection"));
        }
    }

    private void tellAll(@Nullable UpstreamException cause) {
        for (Waiter waiter : waiting) {
            waiter.alarm.cancel(false);
            tell(waiter.outcome, cause);
        }
        waiting.clear();
    }

    private void tell(CompletableFuture<Void> outcome, @Nullable UpstreamException cause) {
        callbacks.run(() -> {
            if (cause == null) {
                outcome.complete(null);
            } else {
                outcome.completeExceptionally(cause);
            }
        });
    }
}
