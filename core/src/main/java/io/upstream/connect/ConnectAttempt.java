// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One try at reaching the hub: plan and names first, off the event loop, then the socket, then every layer of the plan. One object for
 * each attempt, nothing is ever reset. Everything but {@link #start} and {@link #abort} is confined to the channel's event loop.
 */
public final class ConnectAttempt {
    private static final Logger log = LoggerFactory.getLogger(ConnectAttempt.class);
    private static final Duration TCP_LIMIT = Duration.ofSeconds(10);
    private static final String HERE = Where.here("plan").hop();

    private final EventLoop loop;
    private final Executor blocking;
    private final Executor resolving;
    private final Duration budget;
    private final ConnectPlanner planner;
    private final CompletableFuture<Channel> outcome = new CompletableFuture<>();
    private final AttemptGuard guard = new AttemptGuard(this::fail);
    private Where where = Where.here("plan");
    private @Nullable Channel channel;
    private int connections;

    private ConnectAttempt(UpstreamRuntime runtime, EventLoop loop, Duration budget, ConnectPlanner planner) {
        this.loop = loop;
        this.blocking = runtime.blocking();
        this.resolving = runtime.resolving();
        this.budget = budget;
        this.planner = planner;
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
        ConnectAttempt attempt = new ConnectAttempt(runtime, loop, budget, planner);
        try {
            attempt.loop.execute(attempt::begin);
        } catch (RejectedExecutionException e) {
            attempt.outcome.completeExceptionally(Failures.runtimeClosed("open", e));
        }
        return attempt;
    }

    /**
     * Gives the open channel, with the handlers of all layers in place, on its event loop; or fails with an {@link UpstreamException},
     * the channel closed.
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
        outcome.whenComplete((open, error) -> alarm.cancel(false));
        ready().whenComplete((done, error) -> {
            if (error == null) {
                onThread(blocking, this::plan);
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

    private void onThread(Executor pool, Runnable step) {
        try {
            pool.execute(step);
        } catch (RejectedExecutionException e) {
            onLoop(() -> fail(noThread(pool, e)));
        }
    }

    private UpstreamException noThread(Executor from, RejectedExecutionException cause) {
        if (from instanceof ExecutorService pool && pool.isShutdown()) {
            return Failures.runtimeClosed("open", cause);
        }
        return UpstreamException.of(
                FailureKind.INTERNAL, where, "too many connection attempts wait at once: open fewer at a time", cause);
    }

    /** May block: files, environment, signatures. */
    private void plan() {
        if (outcome.isDone()) {
            return; // what the plan waited for came too late
        }
        try {
            ConnectPlan plan = planner.plan();
            onLoop(() -> where = plan.where(ConnectPlan.RESOLVE));
            onThread(resolving, () -> resolve(plan));
        } catch (Exception | LinkageError e) {
            onLoop(() -> fail(e));
        }
    }

    /** May block for as long as the name servers like. */
    private void resolve(ConnectPlan plan) {
        try {
            List<InetAddress> addresses =
                    List.of(InetAddress.getAllByName(plan.firstHop().host()));
            onLoop(() -> openSocket(plan, addresses, 0));
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

    private void openSocket(ConnectPlan plan, List<InetAddress> addresses, int index) {
        if (outcome.isDone()) {
            return;
        }
        where = plan.where(ConnectPlan.TCP);
        Duration limit = budget.compareTo(TCP_LIMIT) < 0 ? budget.plusMillis(1) : TCP_LIMIT;
        ChannelFuture socket = Sockets.on(loop, limit)
                .handler(guard.forNextSocket())
                .connect(new InetSocketAddress(
                        addresses.get(index), plan.firstHop().port()));
        channel = socket.channel();
        socket.addListener(done -> {
            if (socket.isSuccess()) {
                log.debug("connected to {} for {}", socket.channel().remoteAddress(), plan);
                connections++;
                establish(plan, addresses, 0);
            } else if (index + 1 < addresses.size()) {
                openSocket(plan, addresses, index + 1);
            } else {
                fail(socket.cause());
            }
        });
    }

    private void establish(ConnectPlan plan, List<InetAddress> addresses, int index) {
        assert loop.inEventLoop();
        Channel open = channel;
        if (outcome.isDone() || open == null) {
            return; // timed out or aborted meanwhile
        }
        if (index == plan.stages().size()) {
            loop.execute(() -> finish(open)); // next turn: the last stage has left the pipeline
            return;
        }
        ConnectStage stage = plan.stages().get(index);
        where = plan.where(stage.name());
        begun(stage, open).whenComplete((up, error) -> {
            if (error == null) {
                establish(plan, addresses, index + 1);
            } else if (Failures.unwrap(error) instanceof FreshConnection wanted) {
                startAfresh(plan, addresses, open, wanted);
            } else {
                fail(error);
            }
        });
    }

    private void startAfresh(ConnectPlan plan, List<InetAddress> addresses, Channel old, FreshConnection wanted) {
        if (connections == FreshConnection.MAX_CONNECTIONS) {
            fail(wanted.otherwise());
            return;
        }
        guard.leave(old.pipeline());
        old.close();
        openSocket(plan, addresses, 0);
    }

    /** What a layer throws would else be lost in a listener, and the attempt hang until its deadline. */
    private CompletionStage<Void> begun(ConnectStage stage, Channel open) {
        try {
            return stage.establish(open, where);
        } catch (RuntimeException | LinkageError e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private void finish(Channel open) {
        if (!outcome.isDone()) {
            guard.leave(open.pipeline());
            outcome.complete(open);
        }
    }

    private void outOfTime() {
        if (where.hop().equals(HERE)) {
            fail(
                    UpstreamException.of(
                            FailureKind.TIMEOUT,
                            where,
                            "the " + Failures.seconds(budget)
                                    + " for the whole attempt were over before anything could be sent: look at what makes"
                                    + " the tokens, at the trust bundle's file and the load of this machine, or raise the connect timeout"));
            return;
        }
        fail(
                UpstreamException.of(
                        FailureKind.TIMEOUT,
                        where,
                        "no answer from " + where.hop() + " in stage '" + where.stage() + "', and the "
                                + Failures.seconds(budget)
                                + " for the whole attempt are over: check that hop and any firewall on the way, or raise the connect timeout"));
    }

    private void fail(Throwable cause) {
        if (outcome.isDone()) {
            return;
        }
        outcome.completeExceptionally(Failures.translate(cause, where));
        if (channel != null) {
            channel.close();
        }
    }
}
