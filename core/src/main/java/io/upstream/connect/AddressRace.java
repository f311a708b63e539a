// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Opens one TCP connection to whichever of several addresses answers first (RFC 8305 section 5): the next is tried when the last has had
 * {@link #DELAY}, or as soon as it has failed; all of them together have {@link StageLimit#TCP}. Each socket has its own channel with an empty pipeline; nobody ever sees those that lose.
 * Confined to the event loop.
 */
final class AddressRace {
    /** RFC 8305 section 8, "Connection Attempt Delay". */
    static final Duration DELAY = Duration.ofMillis(250);

    private static final int NAMED_ADDRESSES = 4;

    private enum Phase {
        RUNNING,
        OVER
    }

    private final EventLoop loop;
    private final Function<InetAddress, ChannelFuture> connector;
    private final List<InetAddress> addresses;
    private final Where where;
    private final List<Channel> running = new ArrayList<>();
    private final List<UpstreamException> failures = new ArrayList<>();
    private final CompletableFuture<Channel> winner = new CompletableFuture<>();
    private Phase phase = Phase.RUNNING;
    private @Nullable Future<?> next;
    private @Nullable Future<?> alarm;
    private int started;

    /**
     * Prepares a race.
     *
     * @param connector opens a socket on {@code loop} with no handlers
     * @param addresses at least one, in the order to try
     */
    AddressRace(
            EventLoop loop, Function<InetAddress, ChannelFuture> connector, List<InetAddress> addresses, Where where) {
        this.loop = loop;
        this.connector = connector;
        this.addresses = List.copyOf(addresses);
        this.where = where;
    }

    /**
     * Gives the connected channel before anything is read from it; or fails with an {@link UpstreamException} that has what happened at each
     * address as suppressed causes.
     */
    CompletionStage<Channel> run() {
        Duration limit = StageLimit.TCP;
        alarm = loop.schedule(() -> outOfTime(limit), limit.toNanos(), TimeUnit.NANOSECONDS);
        startNext();
        return winner;
    }

    /** Gives up without an outcome; every socket is closed. */
    void cancel() {
        end();
    }

    private void startNext() {
        if (phase == Phase.OVER) {
            return;
        }
        if (next != null) {
            next.cancel(false);
        }
        if (started == addresses.size()) {
            if (failures.size() == started) {
                end();
                winner.completeExceptionally(failure());
            }
            return;
        }
        InetAddress address = addresses.get(started++);
        ChannelFuture socket;
        try {
            socket = connector.apply(address);
        } catch (RuntimeException | Error e) {
            failed(address, e); // the race would else wait for what never began
            return;
        }
        running.add(socket.channel());
        if (started < addresses.size()) {
            next = loop.schedule(this::startNext, DELAY.toNanos(), TimeUnit.NANOSECONDS);
        }
        socket.addListener(done -> connected(socket, address));
    }

    private void connected(ChannelFuture socket, InetAddress address) {
        Channel channel = socket.channel();
        if (phase == Phase.OVER) {
            channel.close();
        } else if (socket.isSuccess()) {
            running.remove(channel);
            end();
            winner.complete(channel);
        } else {
            running.remove(channel);
            failed(address, socket.cause());
        }
    }

    private void failed(InetAddress address, Throwable why) {
        failures.add(
                Failures.translate(why, new Where(where.stage(), where.hop() + " at " + address.getHostAddress())));
        startNext();
    }

    private void outOfTime(Duration limit) {
        if (phase == Phase.RUNNING) {
            end();
            UpstreamException late = StageLimit.exceeded(where, limit);
            failures.forEach(late::addSuppressed);
            winner.completeExceptionally(late);
        }
    }

    private void end() {
        phase = Phase.OVER;
        if (next != null) {
            next.cancel(false);
        }
        if (alarm != null) {
            alarm.cancel(false);
        }
        running.forEach(Channel::close);
        running.clear();
    }

    private UpstreamException failure() {
        Throwable told = failures.stream()
                .reduce((one, other) -> tellsMore(other, one) ? other : one)
                .map(one -> one.getCause() == null ? one : one.getCause())
                .orElseThrow();
        UpstreamException failure = Failures.translate(told, where);
        if (failures.size() == 1) {
            return failure;
        }
        UpstreamException all =
                UpstreamException.of(failure.kind(), where, failure.getMessage() + " (tried " + tried() + ")");
        failures.forEach(all::addSuppressed);
        return all;
    }

    /** A machine without IPv6 has no route to any such address, which is not what keeps it from the hub. */
    private static boolean tellsMore(UpstreamException other, UpstreamException one) {
        return one.kind() == FailureKind.UNREACHABLE || other.kind() != FailureKind.UNREACHABLE;
    }

    private String tried() {
        String named = addresses.stream()
                .limit(NAMED_ADDRESSES)
                .map(InetAddress::getHostAddress)
                .collect(Collectors.joining(", "));
        int more = addresses.size() - NAMED_ADDRESSES;
        return more > 0 ? named + " and " + more + " more" : named;
    }
}
