// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.BASIC;
import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ReferenceCountUtil;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** However a tunnel ends, nothing of it stays; F numbers are those of the list of faults. */
class TunnelEndsTest {
    private static final String ASKS =
            "HTTP/1.1 407 P\r\nProxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 5\r\n\r\n";
    private static final AtomicInteger STORM = new AtomicInteger();
    private static final Where WHERE = new Where("tunnel", "proxy proxy:3128");

    /** Where in the dialogue it ends. */
    enum At {
        AUTHENTICATING_FIRST(""),
        AWAITING_ANSWER("HTTP/1.1 20"),
        DRAINING(ASKS + "abc"),
        AUTHENTICATING(ASKS + "abcde");

        private final String answer;

        At(String answer) {
            this.answer = answer;
        }

        Dialogue dialogue(CountDownLatch reached, CountDownLatch ended) {
            return line -> {
                if (this != AUTHENTICATING_FIRST) {
                    line.answer(answer);
                    if (this != AUTHENTICATING) {
                        reached.countDown();
                    }
                }
                try {
                    line.awaitEnd();
                } finally {
                    ended.countDown();
                }
            };
        }

        /** Of a provider that never has an answer. */
        ProxyAuthentication login(CountDownLatch asked) {
            return ProxyAuthentication.builder()
                    .provider(request -> {
                        if (this == AUTHENTICATING_FIRST || this == AUTHENTICATING) {
                            asked.countDown();
                        }
                        return new CompletableFuture<UserPassword>();
                    })
                    .basicUnasked(this == AUTHENTICATING_FIRST)
                    .build();
        }
    }

    @ParameterizedTest(name = "F130 cancel, {0}")
    @EnumSource
    void closesWhenTheAttemptIsCancelled(At at) throws Exception {
        UpstreamException reason = UpstreamException.of(FailureKind.CLOSED, Where.here("open"), "enough");
        UpstreamException failure = endedBy(at, (bench, attempt) -> attempt.abort(reason));
        assertEquals(reason, failure);
    }

    @ParameterizedTest(name = "F131 eventloop-shutdown, {0}")
    @EnumSource
    void failsWhenTheEventLoopEnds(At at) throws Exception {
        UpstreamException failure = endedBy(at, (bench, attempt) -> bench.close());
        assertEquals(FailureKind.CLOSED, failure.kind(), failure::getMessage);
    }

    /** Ends an attempt from outside. */
    @FunctionalInterface
    private interface End {
        void come(TunnelBench bench, ConnectAttempt attempt);
    }

    private static UpstreamException endedBy(At at, End end) throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        CountDownLatch ended = new CountDownLatch(1);
        try (TunnelBench bench = new TunnelBench();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(at.dialogue(reached, ended)))) {
            ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), at.login(reached));
            ConnectAttempt attempt = bench.start(
                    server,
                    new TunnelStage(server, TunnelBench.HUB, TunnelBench.newMemory(), TunnelBench.QUICK),
                    List.of());
            assertTrue(reached.await(20, TimeUnit.SECONDS));
            end.come(bench, attempt);
            ExecutionException error = assertThrows(
                    ExecutionException.class,
                    () -> attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS));
            assertTrue(ended.await(20, TimeUnit.SECONDS), "the connection must be closed");
            return assertInstanceOf(UpstreamException.class, error.getCause());
        }
    }

    static Stream<String> heard() {
        return Stream.of("", "HTTP/1.1 20", ASKS + "abc", ASKS + "abcde");
    }

    @ParameterizedTest(name = "F132 handler-removed, after {0}")
    @MethodSource("heard")
    void failsWhenItsHandlerIsRemovedAndLeavesNoTimer(String heard) {
        EmbeddedChannel channel = new EmbeddedChannel();
        CompletableFuture<Void> tunnel = establish(channel, At.DRAINING.login(new CountDownLatch(1)));
        receive(channel, heard);
        channel.pipeline().remove(PipelineNames.TUNNEL);
        assertEquals(FailureKind.INTERNAL, failureOf(tunnel).kind());
        leavesNothing(channel);
    }

    @Test
    @DisplayName("F134 write-backpressure")
    void failsWhenItsRequestDoesNotGoOut() {
        EmbeddedChannel channel = new EmbeddedChannel(new Withholding());
        channel.freezeTime();
        CompletableFuture<Void> tunnel = establish(channel, ProxyAuthentication.NONE);
        channel.advanceTimeBy(29, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertFalse(tunnel.isDone());
        channel.advanceTimeBy(2, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertEquals(FailureKind.TIMEOUT, failureOf(tunnel).kind());
        leavesNothing(channel);
    }

    @Test
    void blamesNotTheProxyForAProviderThatDoesNotAnswer() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.freezeTime();
        CompletableFuture<Void> tunnel = establish(channel, At.DRAINING.login(new CountDownLatch(1)));
        receive(channel, ASKS + "abcde");
        channel.advanceTimeBy(31, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        UpstreamException failure = failureOf(tunnel);
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals("here", failure.hop());
        assertTrue(failure.getMessage().startsWith("the provider of the credentials"), failure::getMessage);
        leavesNothing(channel);
    }

    @Test
    @DisplayName("F17 response-before-request")
    void refusesAnAnswerBeforeItsRequest() throws Exception {
        CountDownLatch reached = new CountDownLatch(1);
        try (TunnelBench bench = new TunnelBench();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
                    line.send(ESTABLISHED);
                    line.awaitEnd();
                }))) {
            ProxyServer server =
                    ProxyServer.of(ProxyKind.HTTP, proxy.address(), At.AUTHENTICATING_FIRST.login(reached));
            UpstreamException failure = bench.attempt(
                    server,
                    new TunnelStage(server, TunnelBench.HUB, TunnelBench.newMemory(), TunnelBench.QUICK),
                    List.of());
            assertNotNull(failure);
            assertEquals(FailureKind.PROTOCOL, failure.kind(), failure::getMessage);
            assertTrue(failure.getMessage().contains("before the request was sent"), failure::getMessage);
        }
    }

    @Test
    @DisplayName("F133 autoread-off")
    void worksWhereNothingIsReadUnasked() throws Exception {
        try (TunnelBench bench = new TunnelBench();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
                    line.answer(ASKS + "abcde");
                    line.send(line.request().contains(BASIC) ? ESTABLISHED : ASKS);
                    line.awaitEnd();
                }))) {
            for (int cut = ScriptedProxy.BYTES; cut < ASKS.length(); cut++) {
                proxy.restart(cut);
                ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), TunnelBench.login());
                ConnectStage tunnel = new Unread(
                        new TunnelStage(server, TunnelBench.HUB, TunnelBench.newMemory(), TunnelBench.QUICK));
                assertNull(bench.attempt(server, tunnel, List.of()), "cut at " + cut);
            }
        }
    }

    @Test
    @DisplayName("F135 reconnect-storm")
    void leavesNoSocketBehindInAStorm() throws Exception {
        try (TunnelBench bench = new TunnelBench();
                ScriptedProxy proxy = ScriptedProxy.speaking(List.of(TunnelEndsTest::stormy))) {
            ProxyMemory memory = TunnelBench.newMemory();
            ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), TunnelBench.login());
            storm(bench, server, memory, 50);
            long before = openFiles();
            int failed = storm(bench, server, memory, 1000);
            assertTrue(failed > 50 && failed < 150, "failed: " + failed);
            long limit = before + 16;
            for (int i = 0; i < 200 && openFiles() > limit; i++) {
                storm(bench, server, memory, 1); // the proxy's threads close their ends when they get to it
            }
            assertTrue(openFiles() <= limit, () -> "files open before: " + before + ", after: " + openFiles());
        }
    }

    private static int storm(TunnelBench bench, ProxyServer server, ProxyMemory memory, int attempts) throws Exception {
        int failed = 0;
        for (int i = 0; i < attempts; i++) {
            TunnelStage tunnel = new TunnelStage(server, TunnelBench.HUB, memory, TunnelBench.QUICK);
            failed += bench.attempt(server, tunnel, List.of()) == null ? 0 : 1;
        }
        return failed;
    }

    private static void stormy(ScriptedProxy.Line line) throws IOException {
        int turn = STORM.getAndIncrement() % 40;
        switch (turn) {
            case 0 -> line.answer("HTTP/1.1 503 Down\r\n\r\n");
            case 10 -> line.reset();
            case 20 -> line.answer("garbage");
            case 30 -> line.answer("HTTP/1.1 200 O");
            default -> {
                while (!line.request().contains(BASIC)) {
                    line.send(ASKS + "abcde");
                }
                line.send(ESTABLISHED);
                line.awaitEnd();
            }
        }
    }

    private static long openFiles() {
        String[] open = new File("/proc/self/fd").list();
        return open == null ? 0 : open.length;
    }

    private static CompletableFuture<Void> establish(EmbeddedChannel channel, ProxyAuthentication login) {
        ProxyServer server = ProxyServer.of(ProxyKind.HTTP, new HostPort("proxy", 3128), login);
        CompletableFuture<Void> tunnel = new TunnelStage(
                        server, TunnelBench.HUB, TunnelBench.newMemory(), TunnelLimits.DEFAULT)
                .establish(channel, WHERE)
                .toCompletableFuture();
        ReferenceCountUtil.release(channel.readOutbound());
        return tunnel;
    }

    private static void receive(EmbeddedChannel channel, String text) {
        channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1));
    }

    private static UpstreamException failureOf(CompletableFuture<Void> tunnel) {
        assertTrue(tunnel.isDone(), "nothing is known yet");
        CompletionException error = assertThrows(CompletionException.class, tunnel::join);
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    private static void leavesNothing(EmbeddedChannel channel) {
        assertEquals(-1, channel.runScheduledPendingTasks(), "no timer may be left");
        assertFalse(channel.finishAndReleaseAll());
    }

    /** A tunnel on a channel that reads only when it is asked to. */
    private record Unread(TunnelStage tunnel) implements ConnectStage {
        @Override
        public String name() {
            return tunnel.name();
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            channel.config().setAutoRead(false);
            return tunnel.establish(channel, where);
        }
    }

    /** A socket whose buffer is full: what is written does not go out. */
    private static final class Withholding extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ReferenceCountUtil.release(message);
        }
    }
}
