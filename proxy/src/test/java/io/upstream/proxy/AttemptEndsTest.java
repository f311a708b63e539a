// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.LowerLayers;
import io.upstream.connect.ScriptedNames;
import io.upstream.testing.BlackHole;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An attempt ends at once, whatever it is doing, when it is given up or its event loop is shut down; its socket is closed. */
class AttemptEndsTest {
    private static final Duration AMPLE = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private final CountDownLatch reached = new CountDownLatch(1);
    private final CountDownLatch left = new CountDownLatch(1);
    private final CountDownLatch over = new CountDownLatch(1);

    /** What an attempt is doing when it is ended. */
    enum Doing {
        PLANNING(ProxyKind.HTTP),
        RESOLVING(ProxyKind.HTTP),
        RACING(ProxyKind.HTTP),
        PROXY_TLS(ProxyKind.HTTPS),
        SOCKS(ProxyKind.SOCKS5H),
        TUNNEL(ProxyKind.HTTP),
        TLS(ProxyKind.HTTP);

        private final ProxyKind proxy;

        Doing(ProxyKind proxy) {
            this.proxy = proxy;
        }

        boolean isConnected() {
            return this != PLANNING && this != RESOLVING && this != RACING;
        }
    }

    @AfterEach
    void close() {
        over.countDown();
        runtime.close();
    }

    @ParameterizedTest(name = "F130 cancel, {0}")
    @EnumSource(Doing.class)
    void whenItIsGivenUp(Doing doing) throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> stall(doing, connection));
                BlackHole silent = new BlackHole(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            ConnectAttempt attempt = begin(doing, address(doing, proxy, silent));
            UpstreamException reason = UpstreamException.of(FailureKind.CLOSED, Where.here("open"), "closed meanwhile");
            attempt.abort(reason);

            assertSame(reason, failureOf(attempt));
            assertLeft(doing);
        }
    }

    @ParameterizedTest(name = "F131 eventloop-shutdown, {0}")
    @EnumSource(Doing.class)
    void whenItsEventLoopIsShutDown(Doing doing) throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> stall(doing, connection));
                BlackHole silent = new BlackHole(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
            ConnectAttempt attempt = begin(doing, address(doing, proxy, silent));
            runtime.unwrap(EventLoopGroup.class).shutdownGracefully(50, 10_000, TimeUnit.MILLISECONDS);

            assertEquals(FailureKind.CLOSED, failureOf(attempt).kind());
            assertLeft(doing);
        }
    }

    private static HostPort address(Doing doing, ScriptedPeer proxy, BlackHole silent) {
        return switch (doing) {
            case RESOLVING -> new HostPort("name.test", 3128);
            case RACING -> new HostPort("127.0.0.1", silent.port());
            default -> proxy.address();
        };
    }

    /** The proxy's side: says nothing once the attempt is where it should be, and notes when it leaves. */
    private void stall(Doing doing, Socket connection) throws IOException {
        if (doing == Doing.TLS) {
            TlsPeers.openTunnel(connection);
        }
        if (connection.getInputStream().read() >= 0) {
            reached.countDown();
        }
        try {
            ScriptedPeer.awaitEnd(connection);
        } finally {
            left.countDown();
        }
    }

    private ConnectAttempt begin(Doing doing, HostPort address) throws Exception {
        ProxyServer server = ProxyServer.of(doing.proxy, address, ProxyAuthentication.NONE);
        UpstreamOptions options = UpstreamOptions.forHub("hub.test")
                .protocol(UpstreamProtocol.MQTT)
                .proxy(target -> List.of(server))
                .build();
        LowerLayers layers = new LowerLayers(
                options, UpstreamProtocol.MQTT, runtime, ProxyLayers::towards, (target, path, subprotocol) -> {
                    throw new AssertionError("no WebSocket is wanted");
                });
        if (doing == Doing.RESOLVING) {
            ScriptedNames.on(runtime, () -> {
                reached.countDown();
                awaitTheEnd();
            });
        }
        ConnectAttempt attempt = ConnectAttempt.start(runtime, AMPLE, () -> {
            if (doing == Doing.PLANNING) {
                reached.countDown();
                awaitTheEnd();
            }
            return layers.plan(SasKey.of("a2V5"));
        });
        switch (doing) {
            case RACING -> {
                // the plan is made, then its first way is taken, then the socket connects
                await(() -> ((ThreadPoolExecutor) runtime.blocking()).getCompletedTaskCount() > 0);
                EventLoop loop = runtime.unwrap(EventLoopGroup.class).next();
                for (int turn = 0; turn < 3; turn++) {
                    loop.submit(() -> {}).sync();
                }
            }
            default -> assertTrue(reached.await(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        }
        return attempt;
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < end, "did not get there");
            Thread.onSpinWait();
        }
    }

    private void awaitTheEnd() {
        try {
            assertTrue(over.await(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static UpstreamException failureOf(ConnectAttempt attempt) {
        return (UpstreamException) assertThrows(
                        ExecutionException.class,
                        () -> attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS))
                .getCause();
    }

    private void assertLeft(Doing doing) throws InterruptedException {
        if (doing.isConnected()) {
            assertTrue(left.await(PATIENCE.toSeconds(), TimeUnit.SECONDS), "the socket must be closed");
        }
    }
}
