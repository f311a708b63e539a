// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One topic filter that a session subscribes to, and who waits for the hub's word on it. Confined to the event loop. */
final class Subscription {
    private static final int REFUSED = 0x80;

    private final String topic;
    private final Where where;
    private final EventLoop loop;
    private final Duration limit;
    private final Runnable subscribe;
    private final List<Waiting> waiting = new ArrayList<>(1);
    private State state = State.NONE;

    /** Somebody who needs the subscription. */
    @FunctionalInterface
    interface Waiter {
        /** Called once, on the event loop, with null when the hub has confirmed. */
        void told(@Nullable UpstreamException refusal);
    }

    private enum State {
        NONE,
        /** A SUBSCRIBE is unanswered; stays so when nobody waits for the answer any more. */
        ASKED,
        GRANTED
    }

    private record Waiting(Waiter waiter, Future<?> alarm) {}

    /**
     * Asks for nothing yet.
     *
     * @param limit how long the hub may take to answer
     * @param subscribe sends a SUBSCRIBE for {@code topic}
     */
    Subscription(String topic, Where where, EventLoop loop, Duration limit, Runnable subscribe) {
        this.topic = topic;
        this.where = where;
        this.loop = loop;
        this.limit = limit;
        this.subscribe = subscribe;
    }

    /** Tells {@code waiter} when the hub has confirmed, at once if it has already. */
    void await(Waiter waiter) {
        if (state == State.GRANTED) {
            waiter.told(null);
            return;
        }
        Future<?> alarm = loop.schedule(() -> expire(waiter), limit.toNanos(), TimeUnit.NANOSECONDS);
        waiting.add(new Waiting(waiter, alarm));
        if (state == State.NONE) {
            state = State.ASKED;
            subscribe.run();
        }
    }

    /**
     * Takes the hub's answer.
     *
     * @return false if it answers nothing, or grants QoS 2, which nobody asks for
     */
    boolean answered(int code) {
        if (state != State.ASKED || (code != 0 && code != 1 && code != REFUSED)) {
            return false;
        }
        boolean granted = code != REFUSED;
        state = granted ? State.GRANTED : State.NONE;
        tellAll(
                granted
                        ? null
                        : UpstreamException.of(
                                FailureKind.UNAUTHORIZED,
                                where,
                                where.hop() + " refused the subscription to " + topic
                                        + ": check that the identity may receive this"));
        return true;
    }

    /** Fails all who wait. */
    void end(UpstreamException cause) {
        tellAll(cause);
    }

    private void expire(Waiter waiter) {
        if (waiting.removeIf(each -> each.waiter == waiter)) {
            waiter.told(UpstreamException.of(
                    FailureKind.TIMEOUT,
                    where,
                    where.hop() + " did not answer the subscription to " + topic + " within " + Failures.seconds(limit)
                            + ": try again, or check the connection"));
        }
    }

    private void tellAll(@Nullable UpstreamException refusal) {
        List<Waiting> told = List.copyOf(waiting);
        waiting.clear();
        for (Waiting each : told) {
            each.alarm.cancel(false);
            each.waiter.told(refusal);
        }
    }
}
