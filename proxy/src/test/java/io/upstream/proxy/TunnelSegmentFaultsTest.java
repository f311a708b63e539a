// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.SHORT;
import static io.upstream.proxy.TunnelBench.login;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import io.upstream.proxy.TunnelBench.Case;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes that come too soon, too many or not at all, wherever they are cut; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelSegmentFaultsTest {
    private static final String ASKS = "HTTP/1.1 407 Proxy Authentication Required\r\n";
    private static final String EMPTY = "Content-Length: 0\r\n\r\n";
    private static final String BASIC = "Proxy-Authenticate: Basic realm=\"corp\"\r\n";
    private static final String BAD_CHUNKS = "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n";
    private static final int SECONDS = 20;

    private final TunnelBench bench = new TunnelBench();

    @BeforeAll
    void warmUp() throws Exception {
        bench.play(Case.opens("warm-up", line -> {
            line.answer(ESTABLISHED);
            line.awaitEnd();
        }));
    }

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    private static TunnelStage tunnel(ProxyServer server, TunnelLimits limits) {
        return new TunnelStage(server, TunnelBench.HUB, TunnelBench.newMemory(), limits);
    }

    /** Cut within the head, so that what follows it comes with its end. */
    private record Surplus(String name, String head, String more) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Surplus> surplus() {
        String ok = "HTTP/1.1 200 OK\r\n";
        return Stream.of(
                new Surplus("F06 cl-on-200, body with the end of the head", ok + "Content-Length: 5\r\n\r\n", "hello"),
                new Surplus(
                        "F07 chunked-on-200, body with the end of the head",
                        ok + "Transfer-Encoding: chunked\r\n\r\n",
                        "5\r\nhello"),
                new Surplus("F13 same-segment-data, cut within the head", ESTABLISHED, "AMQP\u0000\u0001\u0000\u0000"),
                new Surplus("F14 same-segment-data-tls, cut within the head", ESTABLISHED, "\u0016\u0003\u0003junk"),
                new Surplus("F16 double-200, cut within the first", ESTABLISHED, ESTABLISHED));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("surplus")
    void refusesWhatComesWithTheAnswerWhereverThatIsCut(Surplus row) throws Exception {
        Case each = Case.fails(row.name, FailureKind.PROTOCOL, "spoke before TLS", line -> {
            line.answer(row.head + row.more);
            line.awaitEnd();
        });
        bench.playHeadCuts(each, row.head.length());
    }

    @ParameterizedTest(name = "F15 late-early-data-tls, {0} bytes at once")
    @ValueSource(ints = {1, 2, 8})
    void refusesBytesBeforeTheNextLayerSpeaks(int piece) throws Exception {
        CountDownLatch open = new CountDownLatch(1);
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(ESTABLISHED);
            open.await(SECONDS, TimeUnit.SECONDS);
            for (int i = 0; i < 8; i += piece) {
                line.send("too soon".substring(i, i + piece));
            }
            line.awaitEnd();
        }))) {
            ProxyServer server = ProxyServer.http(proxy.address());
            UpstreamException failure =
                    bench.attempt(server, tunnel(server, TunnelBench.QUICK), List.of(new Mute(open)));
            assertNotNull(failure);
            assertEquals(FailureKind.PROTOCOL, failure.kind(), failure.getMessage());
        }
    }

    /** A layer that takes its time. */
    private record Mute(CountDownLatch begun) implements ConnectStage {
        @Override
        public String name() {
            return "mute";
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            begun.countDown();
            return new CompletableFuture<>();
        }
    }

    @Test
    @DisplayName("F17 response-before-request: however little of it has come")
    void refusesTheFirstByteOfAnAnswerBeforeItsRequest() throws Exception {
        ProxyAuthentication slow = ProxyAuthentication.builder()
                .provider(request -> new CompletableFuture<>())
                .basicUnasked(true)
                .build();
        for (int length = 1; length <= ESTABLISHED.length(); length += 6) {
            String begun = ESTABLISHED.substring(0, length);
            Case row = Case.fails("F17", FailureKind.PROTOCOL, "before the request was sent", line -> {
                line.send(begun);
                line.awaitEnd();
            });
            bench.play(row.by(slow).over(1, 0));
        }
    }

    /** The limit of a CONNECT is above what slow proxies take, and nothing else counts meanwhile. */
    @Test
    @DisplayName("F55 delayed-200: twenty seconds by the clock, with the limits of every tunnel")
    void waitsTwentySecondsForAnAnswer() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.freezeTime();
        ProxyServer server = ProxyServer.http(new HostPort("proxy", 3128));
        CompletableFuture<Void> open = tunnel(server, TunnelLimits.DEFAULT)
                .establish(channel, new Where("tunnel", "proxy proxy:3128"))
                .toCompletableFuture();
        ((ByteBuf) channel.readOutbound()).release();
        channel.advanceTimeBy(20, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        assertFalse(open.isDone());
        channel.writeInbound(Unpooled.copiedBuffer(ESTABLISHED, StandardCharsets.US_ASCII));
        open.join();
        assertEquals(-1, channel.runScheduledPendingTasks(), "no timer may be left");
        assertFalse(channel.finishAndReleaseAll());
    }

    static Stream<Case> badChunks() {
        String legs = ASKS + "Proxy-Authenticate: Legs dG9rZW4=\r\n";
        ProxyAuthentication bound =
                ProxyAuthentication.builder().authenticator(new Legs()).build();
        Dialogue breaking = line -> {
            line.answer(legs + BAD_CHUNKS);
            line.awaitEnd();
        };
        return Stream.of(
                Case.fails(
                                "F63 407-chunked-bad, whenever it is answered",
                                FailureKind.PROXY_AUTH,
                                "keep connections alive",
                                breaking)
                        .by(bound)
                        .over(3, 3),
                Case.fails(
                                "F63 407-chunked-bad, credentials refused so",
                                FailureKind.PROXY_AUTH,
                                "does not take these credentials",
                                line -> {
                                    line.answer(ASKS + BASIC + BAD_CHUNKS);
                                    line.awaitEnd();
                                })
                        .by(login())
                        .over(2, 2),
                Case.fails(
                                "F63 407-chunked-bad, in the middle of a bound scheme",
                                FailureKind.PROXY_AUTH,
                                "in the middle of a scheme that needs it kept",
                                line -> {
                                    line.answer(legs + EMPTY);
                                    line.answer(legs + BAD_CHUNKS);
                                    line.awaitEnd();
                                },
                                breaking)
                        .by(bound)
                        .over(2, 3));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badChunks")
    void givesUpAfterSoManyConnectionsHoweverTheBodyIsCut(Case row) throws Exception {
        bench.playSomeCuts(row, 130, 3);
    }

    static Stream<Case> crowds() {
        String thousand = IntStream.range(0, 1000).mapToObj(i -> "S" + i).collect(Collectors.joining(", "));
        return Stream.of(
                crowd(Case.opens("F92 too-many-challenges, ours first", line -> {
                    line.answer(ASKS + BASIC.replace("\r\n", ", " + thousand + "\r\n") + EMPTY);
                    line.answer(ESTABLISHED);
                    line.awaitEnd();
                })),
                crowd(failsWith("1000 schemes, ours last", "schemes offered: S0", thousand + ", Basic realm=\"corp\"")),
                crowd(failsWith("nothing but commas", "no scheme offered", ",".repeat(30_000))),
                crowd(failsWith("nothing but quotes", "schemes offered: Foo", "Foo x=" + "\"".repeat(30_000))),
                crowd(failsWith("an unclosed quote", "schemes offered: Foo", "Foo x=\"" + "\\,".repeat(15_000))),
                crowd(failsWith("one scheme of 30 KB", "schemes offered: xxx", "x".repeat(30_000))),
                Case.fails("F92 too-many-challenges, 1 MB line", FailureKind.PROTOCOL, "32768", line -> {
                    line.answer(ASKS + "Proxy-Authenticate: " + "S, ".repeat(350_000) + "\r\n" + EMPTY);
                    line.awaitEnd();
                }));
    }

    private static Case failsWith(String name, String words, String challenges) {
        return Case.fails("F92 too-many-challenges, " + name, FailureKind.PROXY_AUTH, words, line -> {
            line.answer(ASKS + "Proxy-Authenticate: " + challenges + "\r\n" + EMPTY);
            line.awaitEnd();
        });
    }

    private static Case crowd(Case row) {
        return row.by(login());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("crowds")
    void readsNoMoreChallengesThanItMust(Case row) throws Exception {
        long start = System.nanoTime();
        bench.playSomeCuts(row, 8_000, 2_500);
        assertTrue(System.nanoTime() - start < Duration.ofSeconds(SECONDS).toNanos());
    }

    @ParameterizedTest(name = "F132 handler-removed, after {0}")
    @ValueSource(strings = {"", "HTTP/1.1 20", ASKS + BASIC + "Content-Length: 5\r\n\r\nabc"})
    void failsWhenItsHandlerIsRemoved(String heard) throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(heard);
            try {
                line.awaitEnd();
            } finally {
                ended.countDown();
            }
        }))) {
            ProxyServer server = ProxyServer.http(proxy.address(), TunnelBench.LOGIN);
            Shown shown = new Shown(tunnel(server, TunnelBench.QUICK), new CompletableFuture<>());
            ConnectAttempt attempt = bench.start(server, shown, List.of());
            Channel channel = shown.channel.get(SECONDS, TimeUnit.SECONDS);
            proxy.request();
            channel.eventLoop().execute(() -> channel.pipeline().remove(PipelineNames.TUNNEL));
            UpstreamException failure = HubAttempt.failure(attempt);
            assertEquals(FailureKind.INTERNAL, failure.kind(), failure.getMessage());
            assertEquals("tunnel", failure.stage());
            assertTrue(ended.await(SECONDS, TimeUnit.SECONDS), "the connection must be closed");
        }
    }

    /** Lets the test get at the channel. */
    private record Shown(TunnelStage tunnel, CompletableFuture<Channel> channel) implements ConnectStage {
        @Override
        public String name() {
            return tunnel.name();
        }

        @Override
        public CompletionStage<Void> establish(Channel open, Where where) {
            CompletionStage<Void> established = tunnel.establish(open, where);
            channel.complete(open);
            return established;
        }
    }

    @Test
    @DisplayName("F134 write-backpressure: a proxy that reads nothing")
    void endsWithinItsLimitWhenTheRequestDoesNotGoOut() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> line.pause(60_000)))) {
            ProxyServer server = ProxyServer.http(proxy.address());
            long start = System.nanoTime();
            UpstreamException failure = bench.attempt(server, new Stuffed(tunnel(server, SHORT)), List.of());
            assertNotNull(failure);
            assertEquals(FailureKind.TIMEOUT, failure.kind(), failure.getMessage());
            assertEquals("tunnel", failure.stage());
            assertEquals("proxy " + proxy.address(), failure.hop());
            assertTrue(System.nanoTime() - start < Duration.ofSeconds(8).toNanos());
            assertEquals(List.of(), proxy.requests());
        }
    }

    /** A tunnel on a socket whose buffers are full, here and at the proxy. */
    private record Stuffed(TunnelStage tunnel) implements ConnectStage {
        private static final byte[] MUCH = new byte[256 << 10];
        private static final int MORE_THAN_FITS = 96;

        @Override
        public String name() {
            return tunnel.name();
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            channel.config().setOption(ChannelOption.SO_SNDBUF, 4096);
            for (int i = 0; i < MORE_THAN_FITS; i++) {
                channel.write(Unpooled.wrappedBuffer(MUCH));
            }
            channel.flush();
            assertFalse(channel.isWritable());
            return tunnel.establish(channel, where);
        }
    }
}
