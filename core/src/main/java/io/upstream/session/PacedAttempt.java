// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.AttemptListener;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlanner;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/** A connection attempt that waits for its turn first. Confined to the event loop, but for {@link #abort}. */
public final class PacedAttempt {
    private final UpstreamRuntime runtime;
    private final EventLoop loop;
    private final Duration budget;
    private final ConnectPlanner planner;
    private final AttemptListener listener;
    private final long began;
    private final Occasion occasion;
    private final Pacer.Place place;
    private final CompletableFuture<Channel> outcome = new CompletableFuture<>();
    private @Nullable ConnectAttempt attempt;

    /** Whose time the wait for a turn is. */
    public enum Occasion {
        /** Somebody waits for the outcome: the wait is part of the budget. */
        FIRST,
        /** Nobody does: the budget begins with the turn. */
        ANOTHER
    }

    private PacedAttempt(
            Pacer pacer,
            Occasion occasion,
            UpstreamRuntime runtime,
            EventLoop loop,
            Duration budget,
            ConnectPlanner planner,
            AttemptListener listener) {
        this.listener = listener;
        this.runtime = runtime;
        this.loop = loop;
        this.budget = budget;
        this.planner = planner;
        this.occasion = occasion;
        began = loop.ticker().nanoTime();
        Duration patience = occasion == Occasion.ANOTHER ? UpstreamOptions.MAX_TIMEOUT : budget;
        place = pacer.place(loop, patience, new Turn());
    }

    /**
     * Starts one; to be called on {@code loop}.
     *
     * @param budget as for {@link ConnectAttempt#start}
     * @param planner as there, asked when the turn has come
     * @param listener as there
     */
    public static PacedAttempt start(
            Pacer pacer,
            Occasion occasion,
            UpstreamRuntime runtime,
            EventLoop loop,
            Duration budget,
            ConnectPlanner planner,
            AttemptListener listener) {
        PacedAttempt made = new PacedAttempt(pacer, occasion, runtime, loop, budget, planner, listener);
        made.place.enter();
        return made;
    }

    /** As {@link ConnectAttempt#outcome}. */
    public CompletionStage<Channel> outcome() {
        return outcome;
    }

    /** Gives up, from any thread; no effect once the outcome is known. */
    public void abort(UpstreamException reason) {
        try {
            loop.execute(() -> abortNow(reason));
        } catch (RejectedExecutionException e) {
            outcome.completeExceptionally(reason);
        }
    }

    private void abortNow(UpstreamException reason) {
        if (attempt != null) {
            attempt.abort(reason);
        } else {
            place.leave(null);
            outcome.completeExceptionally(reason);
        }
    }

    private Duration left() {
        if (occasion == Occasion.ANOTHER) {
            return budget;
        }
        long left = budget.toNanos() - (loop.ticker().nanoTime() - began);
        return Duration.ofNanos(Math.max(1, left));
    }

    private final class Turn implements Pacer.Visitor {
        @Override
        public void turn() {
            ConnectAttempt started = ConnectAttempt.start(runtime, loop, left(), planner, listener);
            attempt = started;
            started.outcome().whenComplete((channel, error) -> {
                place.leave(error == null ? null : Failures.translate(error, Where.here("open")));
                if (error == null) {
                    outcome.complete(channel);
                } else {
                    outcome.completeExceptionally(error);
                }
            });
        }

        @Override
        public void never(UpstreamException cause) {
            outcome.completeExceptionally(cause);
        }
    }
}
