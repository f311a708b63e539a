// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One question for a sign of life, as {@link io.upstream.UpstreamSession#probe}: answered in time, or failed. Confined to the event loop. */
public final class Probe {
    private final EventLoop loop;
    private final Callbacks callbacks;
    private final CompletableFuture<Duration> outcome;
    private final long began;
    private final Future<?> limit;
    private State state = State.OPEN;

    private enum State {
        OPEN,
        OVER
    }

    /**
     * Begins now; the peer is to be asked by the caller.
     *
     * @param outcome completed on {@code callbacks}
     * @param late why there was no answer within {@code patience}; null if there was one after all
     */
    public Probe(
            EventLoop loop,
            Callbacks callbacks,
            CompletableFuture<Duration> outcome,
            Duration patience,
            Supplier<@Nullable UpstreamException> late) {
        this.loop = loop;
        this.callbacks = callbacks;
        this.outcome = outcome;
        began = loop.ticker().nanoTime();
        limit = loop.schedule(() -> expire(late.get()), patience.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void expire(@Nullable UpstreamException cause) {
        if (cause == null) {
            answered();
        } else {
            fail(cause);
        }
    }

    /** The error for one whose answer did not come. */
    public static UpstreamException unanswered(Where where, Duration patience) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                where,
                where.hop() + " gave no sign of life for " + Failures.seconds(patience)
                        + " after it was asked for one: check the network between here and there");
    }

    /** Whether it is answered, or failed. */
    public boolean isOver() {
        return state == State.OVER;
    }

    /** Without effect once it is over. */
    public void answered() {
        if (end()) {
            Duration took = Duration.ofNanos(loop.ticker().nanoTime() - began);
            callbacks.run(() -> outcome.complete(took));
        }
    }

    /** Without effect once it is over. */
    public void fail(UpstreamException cause) {
        if (end()) {
            callbacks.run(() -> outcome.completeExceptionally(cause));
        }
    }

    private boolean end() {
        if (state == State.OVER) {
            return false;
        }
        state = State.OVER;
        limit.cancel(false);
        return true;
    }
}
