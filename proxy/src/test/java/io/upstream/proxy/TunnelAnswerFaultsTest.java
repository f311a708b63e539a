// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.SHORT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.upstream.FailureKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import io.upstream.proxy.TunnelBench.Case;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a proxy can do with one CONNECT, over sockets; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelAnswerFaultsTest {
    private static final String OK = "HTTP/1.1 200 OK\r\n";

    private final TunnelBench bench = new TunnelBench();

    /** The first connection of a JVM loads classes for a long time; the short deadlines below must not pay for it. */
    @BeforeAll
    void warmUp() throws Exception {
        bench.play(Case.opens("warm-up", saying(ESTABLISHED)));
    }

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    private static Dialogue saying(String... texts) {
        return line -> {
            line.request();
            for (String text : texts) {
                line.send(text);
            }
            line.awaitEnd();
        };
    }

    /** As a row whose text is cut at every index. */
    private record Cut(Case row, int longest) {
        static Cut opens(String name, String... texts) {
            return new Cut(Case.opens(name, saying(texts)), longest(texts));
        }

        static Cut fails(String name, FailureKind kind, String words, String... texts) {
            return new Cut(Case.fails(name, kind, words, saying(texts)), longest(texts));
        }

        static Cut malformed(String name, String words, String text) {
            return fails(name, FailureKind.PROTOCOL, words, text);
        }

        private static int longest(String... texts) {
            return Stream.of(texts).mapToInt(String::length).max().orElse(0);
        }

        @Override
        public String toString() {
            return row.name();
        }
    }

    static Stream<Cut> opening() {
        return Stream.of(
                Cut.opens("F01 plain-200", OK + "\r\n"),
                Cut.opens("F02 no-reason", "HTTP/1.1 200\r\n\r\n"),
                Cut.opens("F02 no-reason, blank", "HTTP/1.1 200 \r\n\r\n"),
                Cut.opens("F03 odd-reason Blocked", "HTTP/1.1 200 Blocked\r\n\r\n"),
                Cut.opens("F03 odd-reason not ASCII", "HTTP/1.1 200 verf\u00fcgbar\r\n\r\n"),
                Cut.opens("F03 odd-reason of 1 KB", "HTTP/1.1 200 " + "x".repeat(1024) + "\r\n\r\n"),
                Cut.opens("F04 http10-200", "HTTP/1.0 200 Connection established\r\n\r\n"),
                Cut.opens("F05 any-2xx 201", "HTTP/1.1 201 Created\r\n\r\n"),
                Cut.opens("F05 any-2xx 202", "HTTP/1.1 202 A\r\n\r\n"),
                Cut.opens("F05 any-2xx 204", "HTTP/1.1 204 No Content\r\n\r\n"),
                Cut.opens("F05 any-2xx 206", "HTTP/1.1 206 P\r\n\r\n"),
                Cut.opens("F05 any-2xx 299", "HTTP/1.1 299 Odd\r\n\r\n"),
                Cut.opens("F08 close-on-200", OK + "Connection: close\r\n\r\n"),
                Cut.opens("F09 many-headers-200", OK + ("X: " + "y".repeat(300) + "\r\n").repeat(100) + "\r\n"),
                Cut.opens("F22 lf-only", "HTTP/1.1 200 OK\nX: y\n\n"),
                Cut.opens("F23 mixed-line-ends", "HTTP/1.1 200 OK\r\nX: y\n\r\n"),
                Cut.opens("F27 obs-fold, one", OK + "X: a\r\n  b\r\n\r\n"),
                Cut.opens("F32 huge-header-line of 9 KB", OK + "X: " + "x".repeat(9 << 10) + "\r\n\r\n"),
                Cut.opens("F34 leading-crlf, two", "\r\n\r\n" + OK + "\r\n"),
                Cut.opens("F37 100-then-200, one segment", "HTTP/1.1 100 Continue\r\n\r\n" + OK + "\r\n"),
                Cut.opens("F37 100-then-200, two segments", "HTTP/1.1 100 Continue\r\n\r\n", OK + "\r\n"),
                Cut.opens(
                        "F38 103-102-200",
                        "HTTP/1.1 103 E\r\nLink: a\r\n\r\nHTTP/1.1 102 P\r\nX: y\r\n\r\n" + OK + "\r\n"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("opening")
    void opensHoweverTheAnswerIsCut(Cut row) throws Exception {
        bench.playHoweverCut(row.row(), row.longest());
    }

    static Stream<Cut> unintelligible() {
        return Stream.of(
                Cut.malformed(
                        "F09 many-headers-200, the 101st", "100 header fields", OK + "X: y\r\n".repeat(101) + "\r\n"),
                Cut.malformed(
                        "F09 many-headers-200, over 32 KiB",
                        "32768",
                        OK + ("X: " + "y".repeat(400) + "\r\n").repeat(90) + "\r\n"),
                Cut.malformed("F18 garbage-status", "(it begins with 'F", "FOO BAR\r\n\r\n"),
                Cut.malformed("F19 icy", "no HTTP answer", "ICY 200 OK\r\n\r\n"),
                Cut.malformed("F19 http09", "no HTTP answer", "<html>login</html>\r\n"),
                Cut.malformed("F19 http2-text", "not HTTP/1.0", "HTTP/2.0 200 OK\r\n\r\n"),
                Cut.malformed("F19 HTTP/0.9", "not HTTP/1.0", "HTTP/0.9 200 OK\r\n\r\n"),
                Cut.malformed("F20 bad-status-digits +200", "a status", "HTTP/1.1 +200 OK\r\n\r\n"),
                Cut.malformed("F20 bad-status-digits 2000", "a status", "HTTP/1.1 2000 OK\r\n\r\n"),
                Cut.malformed("F20 bad-status-digits 20", "a status", "HTTP/1.1 20 OK\r\n\r\n"),
                Cut.malformed("F20 bad-status-digits -1", "a status", "HTTP/1.1 -1 OK\r\n\r\n"),
                Cut.malformed("F20 bad-status-digits 2 0", "a status", "HTTP/1.1 2 0 OK\r\n\r\n"),
                Cut.malformed(
                        "F20 bad-status-digits full-width",
                        "a status",
                        "HTTP/1.1 \u00ef\u00bc\u0092\u00ef\u00bc\u0090\u00ef\u00bc\u0090 OK\r\n\r\n"),
                Cut.malformed("F21 status-out-of-range 000", "a status", "HTTP/1.1 000 X\r\n\r\n"),
                Cut.malformed("F21 status-out-of-range 099", "a status", "HTTP/1.1 099 X\r\n\r\n"),
                Cut.malformed("F21 status-out-of-range 600", "a status", "HTTP/1.1 600 X\r\n\r\n"),
                Cut.malformed("F21 status-out-of-range 999", "a status", "HTTP/1.1 999 X\r\n\r\n"),
                Cut.malformed("F24 bare-cr in a value", "carriage return", OK + "X: a\rb\r\n\r\n"),
                Cut.malformed("F24 bare-cr CR CR LF", "carriage return", OK + "X: a\r\r\n\r\n"),
                Cut.malformed("F25 nul-header, name", "control character", OK + "X\u0000: a\r\n\r\n"),
                Cut.malformed("F25 nul-header, value", "control character", OK + "X: \u0000\r\n\r\n"),
                Cut.malformed("F26 ctl-header 0x01", "control character", OK + "X: \u0001\r\n\r\n"),
                Cut.malformed("F26 ctl-header 0x1f", "control character", OK + "X: \u001f\r\n\r\n"),
                Cut.malformed("F26 ctl-header 0x7f", "control character", OK + "X: \u007f\r\n\r\n"),
                Cut.malformed("F27 obs-fold, fifty", "folded", OK + "X: a\r\n" + " b\r\n".repeat(50) + "\r\n"),
                Cut.malformed("F28 fold-first-line", "begins with a blank", OK + " X: a\r\n\r\n"),
                Cut.malformed("F29 space-before-colon", "blank in its name", OK + "Name : v\r\n\r\n"),
                Cut.malformed("F30 no-colon", "without a name", OK + "abc\r\n\r\n"),
                Cut.malformed("F30 empty-name", "without a name", OK + ": v\r\n\r\n"),
                Cut.malformed(
                        "F31 huge-status-line of 5 KB", "4096", "HTTP/1.1 200 " + "x".repeat(5 << 10) + "\r\n\r\n"),
                Cut.malformed("F32 huge-header-line of 33 KB", "32768", OK + "X: " + "x".repeat(33 << 10) + "\r\n\r\n"),
                Cut.malformed("F34 leading-crlf, three", "empty lines", "\r\n\r\n\r\n" + OK + "\r\n"),
                Cut.malformed("F35 bom-first", "no HTTP answer", "\u00ef\u00bb\u00bf" + OK + "\r\n"),
                Cut.malformed("F39 endless-1xx", "interim", "HTTP/1.1 102 P\r\n\r\n".repeat(20)),
                Cut.malformed("F40 101", "101", "HTTP/1.1 101 Switching Protocols\r\n\r\n"),
                Cut.malformed("F128 http-url-to-tls-port, alert", "https://", "\u0015\u0003\u0001\u0000\u0002\u0002P"),
                Cut.malformed("F129 socks-on-http-port, 5", "SOCKS", "\u0005\u00ff"),
                Cut.malformed("F129 socks-on-http-port, 4", "SOCKS", "\u0000["));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unintelligible")
    void refusesWhatIsNoAnswerHoweverItIsCut(Cut row) throws Exception {
        bench.playHoweverCut(row.row(), row.longest());
    }

    static Stream<Cut> refusals() {
        return Stream.of(
                refused(
                        "F41 redirect 301",
                        FailureKind.PROXY_DENIED,
                        "not followed",
                        "301 M\r\nLocation: http://login/"),
                refused(
                        "F41 redirect 302, folded",
                        FailureKind.PROXY_DENIED,
                        "not followed",
                        "302 F\r\nLocation: http://a\r\n b/"),
                refused(
                        "F41 redirect 307, huge",
                        FailureKind.PROXY_DENIED,
                        "not followed",
                        "307 T\r\nLocation: http://" + "x".repeat(9000)),
                refused("F41 redirect 308", FailureKind.PROXY_DENIED, "not followed", "308 P"),
                refused(
                        "F42 403-squid",
                        FailureKind.PROXY_DENIED,
                        "use MqttWs or AmqpWs",
                        "403 Forbidden\r\nX-Squid-Error: ERR_ACCESS_DENIED 0"),
                refused("F43 404", FailureKind.PROXY_DENIED, "404", "404 Not Found"),
                refused("F43 405", FailureKind.PROXY_DENIED, "405", "405 Method Not Allowed"),
                refused("F43 501", FailureKind.PROXY_DENIED, "501", "501 Not Implemented"),
                refused(
                        "F44 401",
                        FailureKind.PROXY_AUTH,
                        "may want credentials",
                        "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\""),
                refused("F45 429, 5 s", FailureKind.THROTTLED, "for 5 s", "429 Slow\r\nRetry-After: 5"),
                refused("F45 429, absurd", FailureKind.THROTTLED, "for 60 s", "429 Slow\r\nRetry-After: 999999999"),
                refused("F45 429, negative", FailureKind.THROTTLED, "fewer connections", "429 Slow\r\nRetry-After: -5"),
                refused(
                        "F45 429, date",
                        FailureKind.THROTTLED,
                        "fewer connections",
                        "429 Slow\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT"),
                refused("F46 500", FailureKind.SERVER_ERROR, "could not reach the hub", "500 Unable to connect"),
                refused("F46 502", FailureKind.PROXY_UNREACHABLE, "could not reach the hub", "502 Bad Gateway"),
                refused("F46 503", FailureKind.PROXY_UNREACHABLE, "for 7 s", "503 Down\r\nRetry-After: 7"),
                refused("F46 504", FailureKind.PROXY_UNREACHABLE, "could not reach the hub", "504 Late"),
                Cut.fails(
                        "F46 503 without body",
                        FailureKind.PROXY_UNREACHABLE,
                        "could not reach",
                        "HTTP/1.0 503 Down\r\n\r\n"),
                refused("F47 511", FailureKind.PROXY_DENIED, "login", "511 Network Authentication Required"));
    }

    private static Cut refused(String name, FailureKind kind, String words, String head) {
        return Cut.fails(name, kind, words, "HTTP/1.1 " + head + "\r\nContent-Length: 6\r\n\r\n<html>");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void saysWhyHoweverTheRefusalIsCut(Cut row) throws Exception {
        bench.playHoweverCut(row.row(), row.longest());
    }

    static Stream<Case> surplus() {
        return Stream.of(
                Case.fails(
                        "F06 cl-on-200, body at once",
                        FailureKind.PROTOCOL,
                        "spoke before TLS",
                        saying(OK + "Content-Length: 5\r\n\r\nhello")),
                Case.fails(
                        "F07 chunked-on-200, body at once",
                        FailureKind.PROTOCOL,
                        "spoke before TLS",
                        saying(OK + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello")),
                Case.fails(
                        "F13 same-segment-data",
                        FailureKind.PROTOCOL,
                        "AMQP",
                        saying(OK + "\r\nAMQP\u0000\u0001\u0000\u0000")),
                Case.fails(
                        "F14 same-segment-data-tls",
                        FailureKind.PROTOCOL,
                        "spoke before TLS",
                        saying(OK + "\r\n\u0016\u0003garbage")),
                Case.fails(
                        "F16 double-200", FailureKind.PROTOCOL, "spoke before TLS", saying(OK + "\r\n" + OK + "\r\n")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("surplus")
    void refusesBytesBehindTheAnswerSinceTlsIsAbove(Case row) throws Exception {
        bench.play(row);
    }

    static Stream<Case> endings() {
        return Stream.of(
                Case.fails(
                        "F31 huge-status-line of 1 MB",
                        FailureKind.PROTOCOL,
                        "4096",
                        saying("HTTP/1.1 200 " + "x".repeat(1 << 20))),
                Case.fails("F33 endless-headers", FailureKind.PROTOCOL, "100 header fields", line -> {
                    line.answer(OK);
                    line.sendForEver("X: y\r\n", 0);
                }),
                Case.fails(
                        "F48 eof-no-bytes, after accept",
                        FailureKind.CLOSED_BY_PEER,
                        "without an answer",
                        line -> line.halfClose()),
                Case.fails(
                        "F48 eof-no-bytes, after request",
                        FailureKind.CLOSED_BY_PEER,
                        "without an answer",
                        line -> line.request()),
                Case.fails("F49 rst-no-bytes", FailureKind.RESET, "reset the connection", line -> {
                    line.request();
                    line.reset();
                }),
                Case.fails(
                        "F50 eof-mid-status",
                        FailureKind.CLOSED_BY_PEER,
                        "in the middle",
                        line -> line.answer("HTTP/1.1 20")),
                Case.fails(
                        "F50 eof-mid-header",
                        FailureKind.CLOSED_BY_PEER,
                        "in the middle",
                        line -> line.answer(OK + "X: y")),
                Case.fails("F51 half-close", FailureKind.CLOSED_BY_PEER, "in the middle", line -> {
                    line.answer(OK);
                    line.halfClose();
                }),
                Case.fails("F11 slowloris", FailureKind.TIMEOUT, "did not answer CONNECT", line -> {
                            line.answer(OK + "X: ");
                            line.sendForEver("y", 20);
                        })
                        .within(SHORT),
                Case.fails(
                                "F36 truncated-terminator",
                                FailureKind.TIMEOUT,
                                "did not answer CONNECT",
                                saying(OK + "X: y\r\n\r"))
                        .within(SHORT),
                Case.fails(
                                "F52 accept-and-silent",
                                FailureKind.TIMEOUT,
                                "did not answer CONNECT",
                                line -> line.awaitEnd())
                        .within(SHORT),
                Case.opens("F10 byte-at-a-time", line -> {
                    line.request();
                    for (int i = 0; i < ESTABLISHED.length(); i++) {
                        line.pause(5);
                        line.send(ESTABLISHED.substring(i, i + 1));
                    }
                    line.awaitEnd();
                }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("endings")
    void endsWithinItsDeadline(Case row) throws Exception {
        long start = System.nanoTime();
        bench.play(row);
        assertTrue(Duration.ofNanos(System.nanoTime() - start).compareTo(TunnelBench.BUDGET) < 0);
    }

    @Test
    @DisplayName("F12 split-everywhere")
    void carriesThePayloadWhereverTheAnswerIsCut() throws Exception {
        carries(ESTABLISHED, 0);
    }

    @Test
    @DisplayName("F06 F07 cl-on-200, chunked-on-200, body later")
    void ignoresTheFramingOfA200() throws Exception {
        carries(OK + "Content-Length: 5\r\n\r\n", 0);
        carries(OK + "Transfer-Encoding: chunked\r\n\r\n", 0);
    }

    /** F55: the layer above must not begin, and start its own clock, before the tunnel is there. */
    @Test
    @DisplayName("F55 delayed-200")
    void waitsForADelayed200() throws Exception {
        carries(ESTABLISHED, 400);
    }

    private void carries(String answer, long delayMillis) throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.request();
            line.pause(delayMillis);
            line.send(answer);
            byte[] hello = line.socket.getInputStream().readNBytes(5);
            line.send(new String(hello, StandardCharsets.US_ASCII) + " yourself");
            line.awaitEnd();
        }))) {
            int cuts = delayMillis > 0 ? 0 : answer.length();
            for (int cut = ScriptedProxy.BYTES; cut < cuts || cut <= 0; cut++) {
                proxy.restart(cut);
                Greeting greeting = new Greeting();
                ProxyServer server = ProxyServer.http(proxy.address());
                long start = System.nanoTime();
                UpstreamException failure = bench.attempt(
                        server,
                        new TunnelStage(server, TunnelBench.HUB, TunnelBench.newMemory(), TunnelBench.QUICK),
                        List.of(greeting));
                assertEquals(null, failure, "cut at " + cut);
                assertEquals("hello yourself", greeting.heard.toString(), "cut at " + cut);
                assertTrue(greeting.begun - start >= delayMillis * 1_000_000, "cut at " + cut);
            }
        }
    }

    @Test
    @DisplayName("F15 late-early-data-tls")
    void refusesBytesBeforeTheNextLayerSpeaks() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(ESTABLISHED);
            line.pause(50);
            line.send("too soon");
            line.awaitEnd();
        }))) {
            ProxyServer server = ProxyServer.http(proxy.address());
            UpstreamException failure = bench.attempt(
                    server,
                    new TunnelStage(server, TunnelBench.HUB, TunnelBench.newMemory(), TunnelBench.QUICK),
                    List.of(new Mute()));
            assertNotNull(failure);
            assertEquals(FailureKind.PROTOCOL, failure.kind(), failure::getMessage);
        }
    }

    /** A layer that takes its time. */
    private static final class Mute implements ConnectStage {
        @Override
        public String name() {
            return "mute";
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            return new CompletableFuture<>();
        }
    }

    /** A layer that speaks first, as TLS does, and completes when it has heard enough. */
    private static final class Greeting implements ConnectStage {
        private final StringBuilder heard = new StringBuilder();
        private long begun;

        @Override
        public String name() {
            return "greeting";
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            begun = System.nanoTime();
            CompletableFuture<Void> done = new CompletableFuture<>();
            PipelineNames.append(channel.pipeline(), "greeting", new SimpleChannelInboundHandler<ByteBuf>() {
                @Override
                public void handlerAdded(ChannelHandlerContext ctx) {
                    ctx.writeAndFlush(ByteBufUtil.writeAscii(ctx.alloc(), "hello"));
                }

                @Override
                protected void channelRead0(ChannelHandlerContext ctx, ByteBuf bytes) {
                    heard.append(bytes.toString(StandardCharsets.US_ASCII));
                    if (heard.length() == "hello yourself".length()) {
                        done.complete(null);
                    }
                }
            });
            return done;
        }
    }
}
