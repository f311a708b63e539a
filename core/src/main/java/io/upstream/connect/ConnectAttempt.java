// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One try at reaching the hub: the plan first, off the event loop, then its ways, one after the other, under one deadline. One object for
 * each attempt, nothing is ever reset. Everything but {@link #start} and {@link #abort} is confined to the event loop.
 */
public final class ConnectAttempt {
    private static final Logger log = LoggerFactory.getLogger(ConnectAttempt.class);
    private static final Where PLANNING = Where.here("plan");

    private final UpstreamRuntime runtime;
    private final EventLoop loop;
    private final Duration budget;
    private final long end;
    private final ConnectPlanner planner;
    private final AttemptListener listener;
    private final CompletableFuture<Channel> outcome = new CompletableFuture<>();
    private final List<UpstreamException> failedWays = new ArrayList<>();
    private @Nullable WayAttempt current;

    private ConnectAttempt(
            UpstreamRuntime runtime,
            EventLoop loop,
            Duration budget,
            ConnectPlanner planner,
            AttemptListener listener) {
        this.runtime = runtime;
        this.loop = loop;
        this.budget = budget;
        this.end = System.nanoTime() + budget.toNanos();
        this.planner = planner;
        this.listener = listener;
    }

    /**
     * Starts on a thread of {@code runtime}.
     *
     * @param budget for everything together, name resolution included
     * @param planner asked once, where blocking is allowed
     */
    public static ConnectAttempt start(UpstreamRuntime runtime, Duration budget, ConnectPlanner planner) {
        return start(runtime, runtime.unwrap(EventLoopGroup.class).next(), budget, planner);
    }

    /** As above, on one event loop of {@code runtime}: all connections of a session live on the same one. */
    public static ConnectAttempt start(
            UpstreamRuntime runtime, EventLoop loop, Duration budget, ConnectPlanner planner) {
        return start(runtime, loop, budget, planner, AttemptListener.NONE);
    }

    /** As above, with somebody who is told how it gets on. */
    public static ConnectAttempt start(
            UpstreamRuntime runtime,
            EventLoop loop,
            Duration budget,
            ConnectPlanner planner,
            AttemptListener listener) {
        ConnectAttempt attempt = new ConnectAttempt(runtime, loop, budget, planner, listener);
        attempt.onLoop(attempt::begin);
        return attempt;
    }

    /**
     * Gives the open channel, with the handlers of all layers in place, on its event loop; or fails with an {@link UpstreamException},
     * the channel closed. What happened on the ways that were tried before the last is among its suppressed causes.
     */
    public CompletionStage<Channel> outcome() {
        return outcome;
    }

    /** Gives up, from any thread; no effect once the outcome is known. */
    public void abort(UpstreamException reason) {
        try {
            loop.execute(() -> fail(reason));
        } catch (RejectedExecutionException e) {
            outcome.completeExceptionally(reason);
        }
    }

    private void begin() {
        Future<?> alarm = loop.schedule(this::outOfTime, budget.toNanos(), TimeUnit.NANOSECONDS)
                .addListener(rung -> {
                    if (rung.isCancelled()) {
                        // by the loop, when it is shut down: nothing else would end this attempt then
                        fail(Failures.runtimeClosed("open", null));
                    }
                });
        outcome.whenComplete((open, error) -> {
            alarm.cancel(false);
            listener.over(error == null ? null : Failures.translate(error, PLANNING));
        });
        listener.begun();
        ready().whenComplete((done, error) -> {
            if (error == null) {
                planOffTheLoop();
            } else {
                onLoop(() -> fail(error));
            }
        });
    }

    private CompletionStage<?> ready() {
        try {
            return planner.ready();
        } catch (RuntimeException | LinkageError e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void planOffTheLoop() {
        try {
            runtime.blocking().execute(this::plan);
        } catch (RejectedExecutionException e) {
            onLoop(() -> fail(Failures.noThread(runtime.blocking(), PLANNING, e)));
        }
    }

    /** May block: files, environment, signatures. */
    private void plan() {
        if (outcome.isDone()) {
            return; // what the plan waited for came too late
        }
        try {
            ConnectPlan plan = planner.plan();
            onLoop(() -> take(plan, 0));
        } catch (Exception | LinkageError e) {
            onLoop(() -> fail(e));
        }
    }

    private void onLoop(Runnable step) {
        try {
            loop.execute(step);
        } catch (RejectedExecutionException e) {
            outcome.completeExceptionally(Failures.runtimeClosed("open", e));
        }
    }

    private void take(ConnectPlan plan, int index) {
        if (outcome.isDone()) {
            return;
        }
        Way way = plan.ways().get(index);
        // longer than the budget, if that is short: then the deadline of the attempt speaks
        Duration most = StageLimit.TCP_ADDRESS;
        Duration tcpLimit = budget.compareTo(most) < 0 ? budget.plusMillis(1) : most;
        int waysLeft = plan.ways().size() - index;
        WayAttempt attempt = new WayAttempt(runtime, loop, plan, way, waysLeft, tcpLimit, listener);
        current = attempt;
        WayShare share = new WayShare(
                loop, attempt, Duration.ofNanos(end - System.nanoTime()).dividedBy(waysLeft));
        if (waysLeft > 1) {
            share.begin(); // the last one may use all that is left
        }
        attempt.run().whenComplete((open, error) -> {
            share.end();
            if (error == null) {
                outcome.complete(open);
            } else if (loop.isShuttingDown()) {
                fail(Failures.runtimeClosed("open", error)); // which closed the channel: nobody outside is to blame
            } else if (!outcome.isDone()) {
                UpstreamException failure = Failures.translate(error, attempt.where());
                if (isPassedBy(plan, way, attempt, failure)
                        && index + 1 < plan.ways().size()) {
                    log.debug("{} did not lead to {}, the next way is tried", way.route(), plan.target(), failure);
                    failedWays.add(failure);
                    take(plan, index + 1);
                } else {
                    fail(failure);
                }
            }
        });
    }

    /** What fails while something here is waited for is no fault of the way. */
    private static boolean isPassedBy(ConnectPlan plan, Way way, WayAttempt attempt, UpstreamException failure) {
        if (!attempt.isOnTheWay() || attempt.clock().awaited() != null || !Way.isPassedBy(failure)) {
            return false;
        }
        try {
            plan.choice().failed(way.route(), plan.target(), failure);
        } catch (RuntimeException | LinkageError e) {
            log.warn("the choice of proxies failed when it was told of a failed way", e);
        }
        return true;
    }

    private void outOfTime() {
        WayAttempt late = current;
        if (late != null) {
            String awaited = late.clock().awaited();
            late.end(
                    awaited == null
                            ? noAnswer(late.where(), budget, "the whole attempt")
                            : notReady(awaited, late.where(), budget));
        }
        fail(
                UpstreamException.of(
                        FailureKind.TIMEOUT,
                        PLANNING,
                        "the " + Failures.seconds(budget)
                                + " for the whole attempt were over before anything could be sent: look at what makes"
                                + " the tokens, at the trust bundle's file and the load of this machine, or raise the connect timeout"));
    }

    private static UpstreamException notReady(String awaited, Where where, Duration budget) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                Where.here(where.stage()),
                "the " + Failures.seconds(budget) + " for the whole attempt were over before " + awaited
                        + " had an answer: look at why that is slow, or raise the connect timeout");
    }

    static UpstreamException noAnswer(Where where, Duration limit, String to) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                where,
                "no answer from " + where.hop() + " in stage '" + where.stage() + "', and the "
                        + Failures.seconds(limit) + " for " + to
                        + " are over: check that hop and any firewall on the way, or raise the connect timeout");
    }

    private void fail(Throwable cause) {
        if (outcome.isDone()) {
            return;
        }
        WayAttempt last = current;
        UpstreamException failure = Failures.translate(cause, last == null ? PLANNING : last.where());
        failedWays.stream().filter(earlier -> earlier != failure).forEach(failure::addSuppressed);
        outcome.completeExceptionally(failure);
        if (last != null) {
            last.end(failure);
        }
    }
}
