// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Polling;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.io.IOException;
import java.io.InputStream;
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
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@ParameterizedClass
@EnumSource(
        value = Polling.class,
        names = {"EPOLL", "IO_URING", "NIO"})
class ConnectAttemptTest {
    private static final Duration AMPLE = Duration.ofSeconds(20);

    @Parameter
    Polling polling;

    private UpstreamRuntime runtime;
    private ServerSocket server;
    private HostPort hub;

    @BeforeEach
    void listen() throws IOException {
        runtime = UpstreamRuntime.builder().polling(polling).build();
        server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        hub = new HostPort("127.0.0.1", server.getLocalPort());
    }

    @AfterEach
    void close() throws IOException {
        server.close();
        runtime.close();
    }

    /** A layer that waits for one letter; what follows it belongs to the next layer. */
    private record LetterStage(String name, char letter) implements ConnectStage {
        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            CompletableFuture<Void> seen = new CompletableFuture<>();
            PipelineNames.append(channel.pipeline(), name, new ByteToMessageDecoder() {
                @Override
                protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
                    if (in.readByte() == letter) {
                        seen.complete(null);
                        ctx.pipeline().remove(this);
                    } else {
                        seen.completeExceptionally(UpstreamException.of(FailureKind.PROTOCOL, where, "not the letter"));
                    }
                }
            });
            return seen;
        }
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
    void handsBytesThatCameInOneSegmentFromLayerToLayer() throws Exception {
        ConnectPlan plan = ConnectPlan.to(hub)
                .then(new LetterStage("a", 'a'))
                .then(new LetterStage("b", 'b'))
                .then(new LetterStage("c", 'c'));
        CompletableFuture<Channel> opened = start(AMPLE, plan).outcome().toCompletableFuture();
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write("abc".getBytes(US_ASCII));
            Channel channel = opened.get(20, TimeUnit.SECONDS);

            assertNull(channel.pipeline().get("a"));
            assertNull(channel.pipeline().get("c"));
            assertNull(channel.pipeline().get(PipelineNames.GUARD));
            channel.close().sync();
        }
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
    void blamesAClosedConnectionOnTheLayerThatWasSpeaking() throws Exception {
        ConnectAttempt attempt = start(AMPLE, ConnectPlan.to(hub).then(new LetterStage("first", 'a')));
        server.accept().close();
        UpstreamException failure = failureOf(attempt);

        assertEquals(FailureKind.CLOSED_BY_PEER, failure.kind());
        assertEquals("first", failure.stage());
    }

    @Test
    void failsOnBytesThatNoLayerWaitsFor() throws Exception {
        ConnectStage deaf = new ConnectStage() {
            @Override
            public String name() {
                return "deaf";
            }

            @Override
            public CompletionStage<Void> establish(Channel channel, Where where) {
                return new CompletableFuture<>();
            }
        };
        ConnectAttempt attempt = start(AMPLE, ConnectPlan.to(hub).then(deaf));
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('x');
            UpstreamException failure = failureOf(attempt);

            assertEquals(FailureKind.PROTOCOL, failure.kind());
            assertEquals("deaf", failure.stage());
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
    void aRefusedPortNamesHostAndPort() throws Exception {
        server.close();
        UpstreamException failure = failureOf(start(AMPLE, ConnectPlan.to(hub)));

        assertEquals(FailureKind.REFUSED, failure.kind());
        assertEquals("tcp", failure.stage());
        assertTrue(failure.getMessage().contains(hub.toString()), failure.getMessage());
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
    void opensTheSocketToTheProxyAndNeverResolvesTheHub() throws Exception {
        HostPort unknown = new HostPort("nowhere.invalid", 8883);
        ConnectPlan plan = ConnectPlan.to(unknown)
                .through(ProxyServer.http(hub), List.of(new LetterStage("tunnel", 'a')))
                .then(new LetterStage("tls", 'b'));
        ConnectAttempt attempt = start(Duration.ofSeconds(2), plan);
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('a');
            UpstreamException failure = failureOf(attempt);

            assertEquals("tls", failure.stage());
            assertEquals("hub " + unknown + " (through proxy " + hub + ")", failure.hop());
        }
    }

    @Test
    void anAbortedAttemptClosesItsSocket() throws Exception {
        ConnectAttempt attempt = start(AMPLE, ConnectPlan.to(hub).then(new LetterStage("first", 'a')));
        try (Socket peer = server.accept();
                InputStream in = peer.getInputStream()) {
            UpstreamException reason = UpstreamException.of(FailureKind.CLOSED, Where.here("open"), "closed meanwhile");
            attempt.abort(reason);

            assertSame(reason, failureOf(attempt));
            assertEquals(-1, in.read());
        }
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
        ConnectAttempt attempt = ConnectAttempt.start(runtime, Duration.ofSeconds(1), never::join);
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
    void aHandlerGoesBelowTheGuardOfARunningAttempt() throws Exception {
        ConnectAttempt attempt = start(AMPLE, ConnectPlan.to(hub).then(new LetterStage("a", 'a')));
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('a');
            Channel channel = attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS);
            PipelineNames.append(channel.pipeline(), "late", new ChannelInboundHandlerAdapter());
            assertEquals("late", channel.pipeline().lastContext().name());
            assertFalse(channel.pipeline().names().contains(PipelineNames.GUARD));
            channel.close().sync();
        }
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
