// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.testing.BlackHole;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Two sockets of one race that connect within the same turn of their event loop. */
class SocketRaceTest {
    private static final Where WHERE = new Where("tcp", "proxy p.test:3128");
    private static final int SECONDS = 20;

    private final CountDownLatch started = new CountDownLatch(2);
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch letGo = new CountDownLatch(1);

    /** TCP asks again a second after it got no answer, so both are let in while the event loop sees nothing of it. */
    @Test
    @DisplayName("F125 race-two-winners: one is used, the other is closed")
    void usesOneOfTwoThatConnectAtOnceAndClosesTheOther() throws Exception {
        try (UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
                BlackHole one = new BlackHole(new InetSocketAddress("127.0.0.2", 0));
                BlackHole other = new BlackHole(new InetSocketAddress("127.0.0.3", one.port()))) {
            EventLoop loop = runtime.unwrap(EventLoopGroup.class).next();
            CompletableFuture<Channel> outcome = new CompletableFuture<>();
            loop.execute(() -> race(loop, one.port(), outcome));
            assertTrue(started.await(SECONDS, TimeUnit.SECONDS));
            loop.execute(this::hold);
            assertTrue(held.await(SECONDS, TimeUnit.SECONDS));
            try (SocketChannel first = one.letIn();
                    SocketChannel second = other.letIn()) {
                letGo.countDown();
                Channel winner = outcome.get(SECONDS, TimeUnit.SECONDS);
                boolean firstWon = first.getRemoteAddress().equals(winner.localAddress());
                assertEquals(-1, (firstWon ? second : first).read(ByteBuffer.allocate(1)), "the other is closed");
                assertEquals((firstWon ? first : second).getRemoteAddress(), winner.localAddress());
                assertTrue(winner.isOpen());
                assertEquals(List.of(), userHandlers(winner));
                winner.close().sync();
            } finally {
                letGo.countDown();
            }
        }
    }

    private void race(EventLoop loop, int port, CompletableFuture<Channel> outcome) {
        List<InetAddress> addresses = List.of(
                new InetSocketAddress("127.0.0.2", port).getAddress(),
                new InetSocketAddress("127.0.0.3", port).getAddress());
        new AddressRace(loop, address -> connect(loop, new InetSocketAddress(address, port)), addresses, WHERE)
                .run()
                .whenComplete((open, error) -> {
                    if (error == null) {
                        outcome.complete(open);
                    } else {
                        outcome.completeExceptionally(error);
                    }
                });
    }

    private ChannelFuture connect(EventLoop loop, InetSocketAddress address) {
        ChannelFuture connecting = Sockets.on(loop, Duration.ofSeconds(SECONDS)).connect(address);
        started.countDown();
        return connecting;
    }

    private void hold() {
        held.countDown();
        try {
            letGo.await(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whoever wins is given to its owner with nothing in its pipeline, however many have connected. */
    private static List<String> userHandlers(Channel channel) {
        return channel.pipeline().names().stream()
                .filter(name -> !name.startsWith("DefaultChannelPipeline"))
                .toList();
    }
}
