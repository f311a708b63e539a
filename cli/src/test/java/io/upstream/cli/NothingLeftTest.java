// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.AbstractScheduledEventExecutor;
import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.GlobalEventExecutor;
import io.upstream.ConnectionString;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.SasKey;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.proxy.ConnectProxy;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Once a transport is closed there is no thread, no socket and no timer of it, however its life went. */
class NothingLeftTest {
    private static final Duration LIMIT = Duration.ofSeconds(5);

    /** Far below the ten seconds after which a runtime stops waiting for whatever still runs. */
    private static final Duration PROMPT = Duration.ofSeconds(3);

    /** Threads of the peers, and Netty's own that ends by itself after a second without work. */
    private static final Set<String> OF_OTHERS = Set.of("emulator", "connect-proxy", "globalEventExecutor");

    private static TestHub hub;
    private static ConnectProxy proxy;
    private static ServerSocket silentHub;

    private enum Life {
        WORKING_SESSION,
        WRONG_KEY,
        ABORTED_OPEN
    }

    private enum Route {
        DIRECT,
        PROXY
    }

    private enum Owner {
        OWN,
        SHARED
    }

    static Stream<Arguments> lives() {
        return Arrays.stream(UpstreamProtocol.values())
                .flatMap(protocol -> Arrays.stream(Route.values())
                        .flatMap(route -> Arrays.stream(Life.values())
                                .flatMap(life -> Arrays.stream(Owner.values())
                                        .map(runtime -> Arguments.of(protocol, route, life, runtime)))));
    }

    @BeforeAll
    static void start() throws IOException {
        hub = TestHub.start();
        proxy = ConnectProxy.builder().start();
        silentHub = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        silentHub.setSoTimeout((int) LIMIT.toMillis());
    }

    @AfterAll
    static void stop() throws Exception {
        silentHub.close();
        proxy.close();
        hub.close();
        assertTrue(GlobalEventExecutor.INSTANCE.awaitInactivity(LIMIT.toSeconds(), TimeUnit.SECONDS));
    }

    /** P31: no thread, no socket, no timer. */
    @ParameterizedTest
    @MethodSource("lives")
    void leavesNothing(UpstreamProtocol protocol, Route route, Life life, Owner owner) throws Exception {
        Set<Thread> before = threads();
        AtomicInteger callbacks = new AtomicInteger();
        UpstreamOptions options = options(protocol, route, life);
        if (owner == Owner.OWN) {
            UpstreamTransport transport = UpstreamTransport.create(options);
            live(transport, life, callbacks);
            assertNoSocket(route);
        } else {
            UpstreamRuntime runtime = UpstreamRuntime.create();
            live(UpstreamTransport.create(options, runtime), life, callbacks);
            assertNoSocket(route);
            assertNoTimer(runtime);
            long start = System.nanoTime();
            runtime.close();
            assertTrue(System.nanoTime() - start < PROMPT.toNanos(), "the runtime's close had to wait for something");
        }
        int called = callbacks.get();
        assertEquals(Set.of(), newSince(before), "threads");
        await(() -> proxy.liveTunnels() == 0, "the proxy still has a tunnel");
        assertEquals(called, callbacks.get(), "callbacks after the close");
    }

    /** A life from open to close; returns when {@code close()} has. */
    private static void live(UpstreamTransport transport, Life life, AtomicInteger callbacks) throws Exception {
        String device = hub.newDevice();
        ConnectionString string = ConnectionString.parse(hub.hub().connectionString(device));
        switch (life) {
            case WORKING_SESSION -> {
                UpstreamSession session = get(transport.open(string.identity(), string.credentials()));
                session.onStatus(status -> callbacks.incrementAndGet());
                get(session.onMessage(message -> {
                    callbacks.incrementAndGet();
                    return CompletableFuture.completedFuture(Settlement.COMPLETE);
                }));
                get(session.send(Telemetry.json("{}")));
                assertTrue(hub.hub().isConnected(device));
                assertTrue(
                        !OwnSockets.canBeSeen() || !connections().isEmpty(),
                        "the sockets are looked for in the wrong place");
                transport.close();
                await(() -> !hub.hub().isConnected(device), "the hub still has the session");
            }
            case WRONG_KEY -> {
                UpstreamException failure = failure(transport.open(string.identity(), SasKey.of("bm9ib2R5cyBrZXk=")));
                assertEquals(FailureKind.UNAUTHORIZED, failure.kind());
                transport.close();
            }
            case ABORTED_OPEN -> {
                CompletionStage<UpstreamSession> open = transport.open(string.identity(), string.credentials());
                try (Socket accepted = silentHub.accept()) {
                    accepted.setSoTimeout((int) LIMIT.toMillis());
                    assertTrue(accepted.getInputStream().read() >= 0, "TLS has begun");
                    assertFalse(open.toCompletableFuture().isDone());
                    transport.close();
                    assertEquals(FailureKind.CLOSED, failure(open).kind());
                    assertEndsWithoutMore(accepted);
                }
            }
        }
    }

    /** The end of the stream comes when the other side has closed; a reset would do as well. */
    private static void assertEndsWithoutMore(Socket accepted) throws SocketTimeoutException {
        try {
            accepted.getInputStream().readAllBytes();
        } catch (SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            assertTrue(e.getMessage().contains("reset"), e.getMessage());
        }
    }

    private static UpstreamOptions options(UpstreamProtocol protocol, Route route, Life life) {
        ProxyServer server =
                ProxyServer.http(new HostPort("127.0.0.1", proxy.address().getPort()));
        return UpstreamOptions.forHub("localhost")
                .protocol(protocol)
                .port(life == Life.ABORTED_OPEN ? silentHub.getLocalPort() : hub.port(protocol))
                .proxy(target -> List.of(route == Route.PROXY ? server : io.upstream.Route.DIRECT))
                .trust(Trust.systemAnd(hub.hub().trustBundle()))
                .connectTimeout(LIMIT)
                .operationTimeout(LIMIT)
                .build();
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread ->
                        OF_OTHERS.stream().noneMatch(name -> thread.getName().startsWith(name)))
                .collect(Collectors.toSet());
    }

    /** A pool has ended a moment before its threads have; one that waits for work would stay for five seconds. */
    private static Set<String> newSince(Set<Thread> before) throws InterruptedException {
        Set<Thread> more = new HashSet<>(threads());
        more.removeAll(before);
        for (Thread thread : more) {
            thread.join(PROMPT.toMillis());
        }
        more.removeIf(thread -> !thread.isAlive());
        return more.stream().map(Thread::getName).collect(Collectors.toSet());
    }

    /** What this side of the connections holds, and then the proxy's way on to the hub, which goes a moment later. */
    private static void assertNoSocket(Route route) throws Exception {
        if (!OwnSockets.canBeSeen()) {
            return;
        }
        Set<Integer> firstHop = route == Route.PROXY ? Set.of(proxy.address().getPort()) : ports();
        assertEquals(Set.of(), OwnSockets.connectedTo(firstHop), "sockets at the moment of the close");
        await(() -> connections().isEmpty(), "the proxy still has a socket");
    }

    private static Set<String> connections() {
        try {
            return OwnSockets.canBeSeen() ? OwnSockets.connectedTo(ports()) : Set.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Set<Integer> ports() {
        return Set.of(
                hub.hub().mqttPort(),
                hub.hub().amqpPort(),
                hub.hub().wsPort(),
                silentHub.getLocalPort(),
                proxy.address().getPort());
    }

    /** But for the runtime's own look after its callback threads, which is over when nobody waits for one. */
    private static void assertNoTimer(UpstreamRuntime runtime) throws Exception {
        for (EventExecutor loop : runtime.unwrap(EventLoopGroup.class)) {
            await(
                    () -> timers(loop).stream().noneMatch(timer -> timer.contains("CallbackThreads")),
                    "the callback threads are still looked after");
            assertEquals(List.of(), timers(loop), "timers");
        }
    }

    /** Netty does not tell how many timers an event loop holds, so this looks into it, on its own thread. */
    private static List<String> timers(EventExecutor loop) {
        try {
            Field queue = AbstractScheduledEventExecutor.class.getDeclaredField("scheduledTaskQueue");
            queue.setAccessible(true);
            return loop.submit(() -> queue.get(loop) instanceof Collection<?> timers
                            ? timers.stream().map(Object::toString).toList()
                            : List.<String>of())
                    .get(LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private static UpstreamException failure(CompletionStage<?> stage) {
        return assertInstanceOf(
                UpstreamException.class,
                assertThrows(ExecutionException.class, () -> get(stage)).getCause());
    }

    private static void await(BooleanSupplier condition, String otherwise) {
        long deadline = System.nanoTime() + LIMIT.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, otherwise);
            LockSupport.parkNanos(1_000_000);
        }
    }
}
