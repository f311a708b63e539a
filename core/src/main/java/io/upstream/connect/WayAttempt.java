// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One try at one way of a plan: the first hop's name, its socket, then every layer. One object for each try, nothing is ever reset.
 * Confined to the event loop.
 */
final class WayAttempt {
    private static final Logger log = LoggerFactory.getLogger(WayAttempt.class);

    private enum Phase {
        RESOLVING,
        RACING,
        ESTABLISHING,
        OVER
    }

    private final EventLoop loop;
    private final NameLookup names;
    private final AddressOrder order;
    private final ConnectPlan plan;
    private final Way way;
    private final HostPort firstHop;
    private final List<ConnectStage> stages;
    private final Duration tcpLimit;
    private final int waysLeft;
    private final PeerClock clock = new PeerClock();
    private final AttemptListener listener;
    private final CompletableFuture<Channel> outcome = new CompletableFuture<>();
    private Phase phase = Phase.RESOLVING;
    private Where where;
    private List<InetAddress> addresses = List.of();
    private @Nullable AddressRace race;
    private @Nullable Channel channel;
    private @Nullable StageWatch watch;
    private int established;
    private int connections;

    WayAttempt(
            UpstreamRuntime runtime,
            EventLoop loop,
            ConnectPlan plan,
            Way way,
            int waysLeft,
            Duration tcpLimit,
            AttemptListener listener) {
        this.loop = loop;
        this.names = NameLookup.on(runtime);
        this.order = AddressOrder.on(runtime);
        this.plan = plan;
        this.way = way;
        this.firstHop = way.firstHop(plan.target());
        this.stages = way.stages();
        this.tcpLimit = tcpLimit;
        this.waysLeft = waysLeft;
        this.listener = listener;
        this.where = plan.where(way, ConnectPlan.RESOLVE);
    }

    private void begin(String stage) {
        where = plan.where(way, stage);
        listener.stage(stage);
    }

    /** Gives the channel with the handlers of all layers; or fails with an {@link UpstreamException}, the channel closed. */
    CompletionStage<Channel> run() {
        way.towards().forEach(stage -> stage.begin(clock));
        listener.stage(ConnectPlan.RESOLVE);
        names.addressesOf(firstHop.host(), loop).whenComplete((found, error) -> {
            if (phase == Phase.OVER) {
                return;
            }
            if (error == null) {
                addresses = order.of(found);
                openSocket();
            } else {
                end(error);
            }
        });
        return outcome;
    }

    /** What is being waited for. */
    Where where() {
        return where;
    }

    /** Stands still while nobody on the way is waited for. */
    PeerClock clock() {
        return clock;
    }

    /** Whether the target was not reached yet: what fails or has failed here, did so on the way. */
    boolean isOnTheWay() {
        return channel == null || established < way.towards().size();
    }

    /** Fails unless the outcome is known, and closes what is open. */
    void end(Throwable cause) {
        if (phase == Phase.OVER) {
            return;
        }
        phase = Phase.OVER;
        if (race != null) {
            race.cancel();
        }
        if (watch != null) {
            watch.stop();
        }
        if (channel != null) {
            channel.close();
        }
        way.towards().forEach(ConnectStage::end);
        outcome.completeExceptionally(Failures.translate(cause, where));
    }

    private void openSocket() {
        phase = Phase.RACING;
        begin(ConnectPlan.TCP);
        AddressRace sockets = new AddressRace(
                loop,
                address -> Sockets.on(loop, tcpLimit).connect(new InetSocketAddress(address, firstHop.port())),
                addresses,
                where);
        race = sockets;
        sockets.run().whenComplete((open, error) -> {
            if (error != null) {
                end(error);
            } else {
                connected(open);
            }
        });
    }

    /** Runs before the channel reads: whatever the peer says is for the first layer. */
    private void connected(Channel open) {
        log.debug("connected to {} for {}", open.remoteAddress(), plan);
        phase = Phase.ESTABLISHING;
        channel = open;
        established = 0;
        connections++;
        if (open.remoteAddress() instanceof InetSocketAddress remote) {
            order.won(remote.getAddress(), addresses);
            preferFromNowOn(remote.getAddress());
        }
        listener.connected(open, way.route());
        AttemptGuard.enter(open.pipeline(), this::end);
        watch = StageWatch.enter(open, clock, this::end);
        establish(open, watch);
    }

    /** A further connection must go to the same machine, which may be in the middle of a dialogue with us. */
    private void preferFromNowOn(InetAddress address) {
        List<InetAddress> again = new ArrayList<>(addresses);
        again.remove(address);
        again.add(0, address);
        addresses = again;
    }

    private void establish(Channel open, StageWatch limits) {
        assert loop.inEventLoop();
        if (phase != Phase.ESTABLISHING || open != channel) {
            return; // timed out or aborted meanwhile
        }
        if (established == stages.size()) {
            limits.stop();
            listener.over(null);
            loop.execute(() -> finish(open, limits)); // next turn: the last stage has left the pipeline
            return;
        }
        ConnectStage stage = stages.get(established);
        begin(stage.name());
        limits.begin(stage.limit(), patience(stage.limit()), where);
        begun(stage, open).whenComplete((up, error) -> {
            if (error == null) {
                established++;
                establish(open, limits);
            } else if (Failures.unwrap(error) instanceof FreshConnection wanted) {
                startAfresh(open, limits, wanted);
            } else {
                end(error);
            }
        });
    }

    /** What a layer throws would else be lost in a listener, and the attempt hang until its deadline. */
    private CompletionStage<Void> begun(ConnectStage stage, Channel open) {
        try {
            return stage.establish(open, where);
        } catch (RuntimeException | LinkageError e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Where another way may do better, a slow peer is not worth more than a silent one. */
    private Duration patience(StageLimit limit) {
        return waysLeft > 1 && isOnTheWay() ? limit.time() : limit.patience();
    }

    private void startAfresh(Channel old, StageWatch limits, FreshConnection wanted) {
        if (phase != Phase.ESTABLISHING) {
            return;
        }
        if (connections >= wanted.mostConnections()) {
            end(wanted.otherwise());
            return;
        }
        limits.stop();
        AttemptGuard.leave(old.pipeline());
        channel = null;
        old.close();
        openSocket();
    }

    private void finish(Channel open, StageWatch limits) {
        if (phase == Phase.ESTABLISHING) {
            phase = Phase.OVER;
            limits.leave(open.pipeline());
            AttemptGuard.leave(open.pipeline());
            way.towards().forEach(ConnectStage::end);
            outcome.complete(open);
        }
    }
}
