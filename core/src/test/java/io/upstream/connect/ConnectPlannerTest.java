// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.EventLoopGroup;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Plans, deadlines and ends of attempts, where the kind of socket makes no difference. */
class ConnectPlannerTest {
    private static final Duration AMPLE = Duration.ofSeconds(20);

    private UpstreamRuntime runtime;
    private ServerSocket server;
    private HostPort hub;

    @BeforeEach
    void listen() throws IOException {
        runtime = UpstreamRuntime.builder().threads(1).build();
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        hub = new HostPort("127.0.0.1", server.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        runtime.close();
    }

    private ConnectAttempt start(Duration budget, ConnectPlan plan) {
        return ConnectAttempt.start(runtime, budget, () -> plan);
    }

    private static UpstreamException failureOf(ConnectAttempt attempt) {
        ExecutionException thrown = assertThrows(
                ExecutionException.class,
                () -> attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS));
        return (UpstreamException) thrown.getCause();
    }

    @Test
    void namesTheLayerThatSpentTheDeadline() throws Exception {
        ConnectPlan plan =
                ConnectPlan.to(hub).then(new LetterStage("first", 'a')).then(new LetterStage("second", 'b'));
        ConnectAttempt attempt = start(Duration.ofSeconds(2), plan);
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('a');
            UpstreamException failure = failureOf(attempt);

            assertEquals(FailureKind.TIMEOUT, failure.kind());
            assertEquals("second", failure.stage());
            assertEquals("hub " + hub, failure.hop());
            assertTrue(failure.getMessage().contains("2 s"), failure.getMessage());
            assertEquals(-1, peer.getInputStream().read(), "the socket must be closed");
        }
    }

    @Test
    void failsAtOnceWhenALayerThrows() {
        ConnectStage broken = new ConnectStage() {
            @Override
            public String name() {
                return "broken";
            }

            @Override
            public CompletionStage<Void> establish(Channel channel, Where where) {
                throw new IllegalStateException("thrown on purpose by a test");
            }
        };
        UpstreamException failure = failureOf(start(AMPLE, ConnectPlan.to(hub).then(broken)));

        assertEquals(FailureKind.INTERNAL, failure.kind());
        assertEquals("broken", failure.stage());
    }

    @Test
    void failsAtOnceWhenALibraryIsMissingForThePlan() {
        UpstreamException failure = failureOf(ConnectAttempt.start(runtime, AMPLE, () -> {
            throw new NoClassDefFoundError("thrown on purpose by a test");
        }));
        assertEquals(FailureKind.INTERNAL, failure.kind());
    }

    @Test
    void endsWhenTheRuntimeIsClosedWhileThePlanIsMade() throws Exception {
        UpstreamRuntime closing = UpstreamRuntime.builder().threads(1).build();
        CountDownLatch planning = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        ConnectAttempt attempt = ConnectAttempt.start(closing, AMPLE, () -> {
            planning.countDown();
            awaitQuietly(closed);
            throw UpstreamException.of(FailureKind.CONFIGURATION, Where.here("plan"), "too late");
        });
        assertTrue(planning.await(20, TimeUnit.SECONDS));
        EventLoopGroup loops = closing.unwrap(EventLoopGroup.class);
        loops.shutdownGracefully(0, 10, TimeUnit.SECONDS).sync();
        closed.countDown();

        assertEquals(FailureKind.CLOSED, failureOf(attempt).kind());
        closing.close();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertTrue(latch.await(20, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void passesOnWhatALayerSays() throws Exception {
        ConnectAttempt attempt = start(AMPLE, ConnectPlan.to(hub).then(new LetterStage("first", 'a')));
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('z');
            assertEquals("not the letter", failureOf(attempt).getMessage());
        }
    }

    @Test
    void aNameThatDoesNotResolveIsBlamedOnTheHopThatHasIt() {
        HostPort unknown = new HostPort("nowhere.invalid", 8883);
        UpstreamException direct = failureOf(start(AMPLE, ConnectPlan.to(unknown)));
        ConnectPlan proxied =
                ConnectPlan.to(hub).through(ProxyServer.http(unknown), List.of(new LetterStage("tunnel", 'a')));
        UpstreamException through = failureOf(start(AMPLE, proxied));

        assertEquals(FailureKind.DNS, direct.kind());
        assertEquals("resolve", direct.stage());
        assertEquals("hub " + unknown, direct.hop());
        assertEquals("proxy " + unknown, through.hop());
    }

    @Test
    void whatThePlannerThrowsIsTheOutcome() {
        UpstreamException reason =
                UpstreamException.of(FailureKind.CONFIGURATION, Where.here("proxy"), "the proxy's URL is wrong");
        ConnectAttempt attempt = ConnectAttempt.start(runtime, AMPLE, () -> {
            throw reason;
        });
        assertSame(reason, failureOf(attempt));
    }

    @Test
    void aSlowPlannerIsBoundedByTheSameDeadline() {
        CompletableFuture<ConnectPlan> never = new CompletableFuture<>();
        ConnectAttempt attempt = ConnectAttempt.start(runtime, Duration.ofMillis(50), never::join);
        UpstreamException failure = failureOf(attempt);
        never.complete(ConnectPlan.to(hub));

        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals("plan", failure.stage());
    }

    @Test
    void aClosedRuntimeIsAnAnswerNotAHang() {
        runtime.close();
        assertEquals(
                FailureKind.CLOSED, failureOf(start(AMPLE, ConnectPlan.to(hub))).kind());
    }

    @Test
    void printsItsLayersInOrder() {
        ConnectPlan plan = ConnectPlan.to(new HostPort("h", 443))
                .through(ProxyServer.http(new HostPort("p", 3128)), List.of(new LetterStage("tunnel", 'a')))
                .then(new LetterStage("tls", 'b'));
        assertEquals("tcp p:3128 > tunnel > tls", plan.toString());
        assertThrows(
                IllegalStateException.class,
                () -> plan.through(ProxyServer.http(hub), List.of(new LetterStage("tunnel", 'c'))));
    }

    /** A plan that waits for something, such as a token. */
    private record Waiting(CompletableFuture<String> awaited, ConnectPlan plan) implements ConnectPlanner {
        @Override
        public CompletionStage<?> ready() {
            return awaited;
        }
    }

    @Test
    void waitsForWhatThePlanNeeds() throws Exception {
        CompletableFuture<String> awaited = new CompletableFuture<>();
        ConnectAttempt attempt = ConnectAttempt.start(runtime, AMPLE, new Waiting(awaited, ConnectPlan.to(hub)));
        awaited.complete("token");
        try (Socket peer = server.accept()) {
            attempt.outcome()
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS)
                    .close()
                    .sync();
            assertTrue(peer.isConnected());
        }
    }

    @Test
    void failsWithWhatThePlanWaitedFor() {
        CompletableFuture<String> awaited = CompletableFuture.failedFuture(
                UpstreamException.of(FailureKind.TOKEN_EXPIRED, Where.here("token"), "no token"));
        UpstreamException failure =
                failureOf(ConnectAttempt.start(runtime, AMPLE, new Waiting(awaited, ConnectPlan.to(hub))));
        assertEquals(FailureKind.TOKEN_EXPIRED, failure.kind());
    }

    @Test
    void countsTheWaitForThePlanAgainstTheBudget() {
        UpstreamException failure = failureOf(ConnectAttempt.start(
                runtime, Duration.ofMillis(50), new Waiting(new CompletableFuture<>(), ConnectPlan.to(hub))));
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertTrue(failure.getMessage().contains("before anything could be sent"), failure.getMessage());
    }
}
