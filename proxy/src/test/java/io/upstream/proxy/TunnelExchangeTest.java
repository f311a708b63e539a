// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
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
import io.upstream.connect.PipelineNames;
import io.upstream.testing.SecretScan;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class TunnelExchangeTest {
    private static final HostPort PROXY = new HostPort("proxy", 3128);
    private static final HostPort HUB = new HostPort("hub", 8883);
    private static final Where WHERE = new Where("tunnel", "proxy proxy:3128");
    private static final UserPassword CREDENTIALS = new UserPassword("Aladdin", "open sesame");
    private static final String TOKEN = "QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    private static final String ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

    private final EmbeddedChannel channel = new EmbeddedChannel();

    @AfterEach
    void leavesNothingBehind() {
        assertFalse(channel.finishAndReleaseAll());
    }

    @ParameterizedTest(name = "{0}:{1}")
    @CsvSource({
        "hub.azure-devices.net,443,hub.azure-devices.net:443",
        "HUB.Azure-Devices.NET.,8883,hub.azure-devices.net:8883",
        "10.0.0.1,80,10.0.0.1:80",
        "2001:db8::1,8883,[2001:db8::1]:8883",
        "bücher.example,443,xn--bcher-kva.example:443",
        "my_hub,443,my_hub:443"
    })
    void namesTheTargetAlikeInBothPlaces(String host, int port, String authority) {
        establish(new HostPort(host, port), null);
        assertEquals(
                "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority
                        + "\r\nUser-Agent: Upstream\r\nProxy-Connection: Keep-Alive\r\n\r\n",
                sent());
    }

    @Test
    void sendsCredentialsUnaskedIfToldTo() {
        establish(HUB, CREDENTIALS);
        assertEquals(
                "CONNECT hub:8883 HTTP/1.1\r\nHost: hub:8883\r\nProxy-Authorization: Basic " + TOKEN
                        + "\r\nUser-Agent: Upstream\r\nProxy-Connection: Keep-Alive\r\n\r\n",
                sent());
    }

    static Stream<Arguments> inexpressible() {
        return Stream.of(
                Arguments.of("fe80::1%eth0", "u"),
                Arguments.of("a..b", "u"),
                Arguments.of("a".repeat(300), "u"),
                Arguments.of("a.".repeat(127) + "b", "u"),
                Arguments.of("hub\uFF0Fx", "u"),
                Arguments.of("hub:x", "u"),
                Arguments.of("[::1]", "u"),
                Arguments.of("hub\\x", "u"),
                Arguments.of("hub", "a:b"),
                Arguments.of("hub", "a\r\nX: y"));
    }

    @ParameterizedTest(name = "{0} {1}")
    @MethodSource("inexpressible")
    void sendsNothingThatItCannotExpress(String host, String user) {
        CompletableFuture<Void> tunnel = establish(new HostPort(host, 443), new UserPassword(user, "hunter2"));
        UpstreamException failure = failureOf(tunnel);
        assertEquals(FailureKind.CONFIGURATION, failure.kind());
        assertFalse(failure.getMessage().contains("hunter2"), failure::getMessage);
        assertNull(channel.readOutbound());
        assertNull(channel.pipeline().get(PipelineNames.TUNNEL));
    }

    @Test
    void completesBeforeItLeavesAndPassesOnWhatComesLater() {
        List<String> heard = new ArrayList<>();
        CompletableFuture<Void> tunnel = establish(HUB, null);
        sent();
        CompletableFuture<Void> next = tunnel.thenRun(() -> {
            assertNotNull(channel.pipeline().get(PipelineNames.TUNNEL));
            channel.pipeline().addLast("next", listener(heard));
        });
        receive(ESTABLISHED);
        assertTrue(next.isDone() && !next.isCompletedExceptionally());
        assertNull(channel.pipeline().get(PipelineNames.TUNNEL));
        receive("later");
        assertEquals(List.of("later"), heard);
    }

    @ParameterizedTest
    @CsvSource({"200", "201", "202", "204", "206", "299"})
    void opensWithAny2xxAndIgnoresItsFraming(int status) {
        CompletableFuture<Void> tunnel = establish(HUB, null);
        sent();
        receive("HTTP/1.1 " + status + " X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
        tunnel.join();
    }

    @Test
    void opensWhereverTheAnswerIsCut() {
        for (int at = 1; at < ESTABLISHED.length(); at++) {
            EmbeddedChannel cut = new EmbeddedChannel();
            CompletableFuture<Void> tunnel = establishOn(cut, HUB, null);
            ReferenceCountUtil.release(cut.readOutbound());
            cut.writeInbound(bytes(ESTABLISHED.substring(0, at)));
            assertFalse(tunnel.isDone());
            cut.writeInbound(bytes(ESTABLISHED.substring(at)));
            tunnel.join();
            assertFalse(cut.finishAndReleaseAll());
        }
    }

    @ParameterizedTest
    @CsvSource({"hello,hello", "'HTTP/1.1 200 OK\r\n\r\n',HTTP/1.1 200 OK", "<html>login</html>,<html>login</html>"})
    void refusesBytesThatFollowTheTunnelsAnswer(String surplus, String shown) {
        UpstreamException failure = answer(HUB, null, ESTABLISHED + surplus);
        assertEquals(FailureKind.PROTOCOL, failure.kind());
        assertTrue(failure.getMessage().contains("spoke before TLS"), failure::getMessage);
        assertTrue(failure.getMessage().contains(shown), failure::getMessage);
    }

    /** Status, extra fields, kind, and what the message must hold; the hub's port is 8883. */
    static Stream<Arguments> refusals() {
        return Stream.of(
                Arguments.of(
                        "403 Forbidden",
                        FailureKind.PROXY_DENIED,
                        "only 443 through: use MqttWs or AmqpWs on port 443"),
                Arguments.of(
                        "403 F\r\nX-Squid-Error: ERR_ACCESS_DENIED 0",
                        FailureKind.PROXY_DENIED,
                        "with 403 F [ERR_ACCESS_DENIED 0]"),
                Arguments.of("400 Bad Request", FailureKind.PROXY_DENIED, "400 Bad Request"),
                Arguments.of("404 Not Found", FailureKind.PROXY_DENIED, "MqttWs"),
                Arguments.of("405 No", FailureKind.PROXY_DENIED, "MqttWs"),
                Arguments.of("501 No", FailureKind.PROXY_DENIED, "MqttWs"),
                Arguments.of("401 No\r\nWWW-Authenticate: Basic", FailureKind.PROXY_AUTH, "it may want credentials"),
                Arguments.of("408 Late", FailureKind.TIMEOUT, "waited too long"),
                Arguments.of("429 Slow\r\nRetry-After: 5", FailureKind.THROTTLED, "for 5 s"),
                Arguments.of("429 Slow\r\nRetry-After: 999999999", FailureKind.THROTTLED, "for 60 s"),
                Arguments.of("429 Slow\r\nRetry-After: 99999999999999", FailureKind.THROTTLED, "fewer connections"),
                Arguments.of("429 Slow\r\nRetry-After: -1", FailureKind.THROTTLED, "fewer connections"),
                Arguments.of(
                        "429 Slow\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT",
                        FailureKind.THROTTLED,
                        "fewer connections"),
                Arguments.of("500 Unable to connect", FailureKind.SERVER_ERROR, "500 Unable to connect"),
                Arguments.of("505 Version", FailureKind.SERVER_ERROR, "505"),
                Arguments.of("502 Bad", FailureKind.PROXY_UNREACHABLE, "could not reach the hub"),
                Arguments.of("503 S", FailureKind.PROXY_UNREACHABLE, "could not reach the hub"),
                Arguments.of("504 T", FailureKind.PROXY_UNREACHABLE, "could not reach the hub"),
                Arguments.of("511 Login", FailureKind.PROXY_DENIED, "login"),
                Arguments.of(
                        "302 Found\r\nLocation: http://u:hunter2@Portal.example/?token=hunter2",
                        FailureKind.PROXY_DENIED,
                        "redirect to Portal.example is not followed"),
                Arguments.of("307 T\r\nLocation: /hunter2", FailureKind.PROXY_DENIED, "the same host"),
                Arguments.of("308 P", FailureKind.PROXY_DENIED, "nowhere"),
                Arguments.of("301 M\r\nLocation: http://" + "x".repeat(9000), FailureKind.PROXY_DENIED, "xxx is not"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("refusals")
    void saysWhyTheProxyRefusedAndWhatToDo(String head, FailureKind kind, String advice) {
        UpstreamException failure = answer(HUB, null, "HTTP/1.1 " + head + "\r\nContent-Length: 4\r\n\r\nbody");
        assertEquals(kind, failure.kind());
        assertEquals("tunnel", failure.stage());
        String message = failure.getMessage();
        assertTrue(message.startsWith("proxy proxy:3128 refused the tunnel to hub:8883 with "), message);
        assertTrue(message.contains(advice), message);
        assertFalse(message.contains("hunter2") || message.length() > 400, message);
    }

    @ParameterizedTest
    @CsvSource({"429, 5", "503, 5", "502, 5", "403, 5"})
    void handsOnHowLongTheProxyAsksToWait(int status, int seconds) {
        String head = "HTTP/1.1 " + status + " Later\r\nRetry-After: " + seconds + "\r\nContent-Length: 0\r\n\r\n";
        assertEquals(Duration.ofSeconds(seconds), answer(HUB, null, head).retryAfter());
    }

    @Test
    void sendsNobodyToPort443WhoIsThere() {
        UpstreamException failure = answer(new HostPort("hub", 443), null, "HTTP/1.1 403 Forbidden\r\n\r\n");
        assertFalse(failure.getMessage().contains("MqttWs"), failure::getMessage);
        assertTrue(failure.getMessage().contains("ask the proxy's owner"), failure::getMessage);
    }

    @ParameterizedTest
    @CsvSource({
        "true, it does not take these credentials",
        "true, check user name and password",
        "false, put user and password into",
        "false, check that the port is",
    })
    void takes401ForAProxysWayToRefuseCredentials(boolean sent, String advice) {
        UpstreamException failure = answer(HUB, sent ? CREDENTIALS : null, "HTTP/1.1 401 Unauthorized\r\n\r\n");
        assertEquals(FailureKind.PROXY_AUTH, failure.kind());
        assertTrue(failure.getMessage().contains("with 401 Unauthorized: "), failure::getMessage);
        assertTrue(failure.getMessage().contains(advice), failure::getMessage);
        assertFalse(failure.getMessage().contains("none were sent"), failure::getMessage);
    }

    static Stream<Arguments> challenges() {
        String ask = "put user and password into the proxy's URL";
        String wrong = "does not take these credentials";
        String other = "takes none of the schemes that are configured here";
        return Stream.of(
                Arguments.of(false, "Basic realm=\"corp\"", ask),
                Arguments.of(false, "Basic realm=\"corp\"", "schemes offered: Basic for 'corp'"),
                Arguments.of(false, "Negotiate, NTLM, Basic realm=\"x\"", "Negotiate, NTLM, Basic for 'x'"),
                Arguments.of(false, "", "asks for credentials without saying which"),
                Arguments.of(false, "Digest nonce=\"n\"", ask),
                Arguments.of(true, "Basic realm=\"corp\"", wrong),
                Arguments.of(true, "Basic realm=\"corp\"", "check user name and password"),
                Arguments.of(true, "", wrong),
                Arguments.of(true, "NTLM", other),
                Arguments.of(true, "Foo x=\"a, Basic realm=\\\"b\\\"\"", other),
                Arguments.of(true, "Basic realm=\"Squid, \"test\" realm\"", wrong));
    }

    @ParameterizedTest(name = "credentials sent: {0}, {1}")
    @MethodSource("challenges")
    void tellsMissingFromWrongCredentials(boolean sent, String challenge, String advice) {
        UpstreamException failure = answer(
                HUB,
                sent ? CREDENTIALS : null,
                "HTTP/1.1 407 P\r\n" + (challenge.isEmpty() ? "" : "Proxy-Authenticate: " + challenge + "\r\n")
                        + "Content-Length: 0\r\n\r\n");
        assertEquals(FailureKind.PROXY_AUTH, failure.kind());
        assertTrue(failure.getMessage().contains(advice), failure::getMessage);
    }

    @ParameterizedTest
    @CsvSource({
        "'\u0015\u0003\u0001',TLS",
        "'\u0005\u00ff',SOCKS",
        "'SSH-2.0-x\r\n',begins with 'SSH-2.0-x'",
        "'HTTP/1.1 200 OK\r\nbad\r\n',without a name",
        "'HTTP/2.0 200 OK\r\n\r\n',begins with 'HTTP/2.0 200 OK'"
    })
    void showsALittleOfWhatIsNoAnswer(String wire, String shown) {
        UpstreamException failure = answer(HUB, null, wire);
        assertEquals(FailureKind.PROTOCOL, failure.kind());
        assertTrue(failure.getMessage().contains(shown), failure::getMessage);
        assertTrue(failure.getMessage().chars().allMatch(c -> c >= ' ' && c <= '~'), failure::getMessage);
    }

    static Stream<String> reflections() {
        return Stream.of(
                "HTTP/1.1 403 you sent Basic " + TOKEN + "\r\n\r\n",
                "HTTP/1.1 407 " + TOKEN + "\r\nProxy-Authenticate: Basic realm=\"" + TOKEN + "\"\r\n\r\n",
                "HTTP/1.1 503 x\r\nX-Squid-Error: " + TOKEN + "\r\n\r\n",
                "HTTP/1.1 302 x\r\nLocation: http://" + TOKEN + "/\r\n\r\n",
                "Proxy-Authorization: Basic " + TOKEN + "\r\n",
                "HTTP/1.1 200 OK\r\nProxy-Authorization: Basic " + TOKEN + "\u0000\r\n\r\n",
                ESTABLISHED + "Proxy-Authorization: Basic " + TOKEN,
                ESTABLISHED + "Proxy-Authorization: Basic " + TOKEN.substring(0, 12),
                "Proxy-Authorization: Basic " + TOKEN.substring(0, 12));
    }

    @ParameterizedTest
    @MethodSource("reflections")
    void repeatsNoCredentialsThatTheProxyRepeats(String wire) {
        UpstreamException failure = answer(HUB, CREDENTIALS, wire);
        assertFalse(failure.getMessage().toLowerCase(Locale.ROOT).contains("qwxhzgrp"), failure::getMessage);
    }

    @Test
    void refusesAnAnswerBeforeTheRequestWentOut() {
        channel.pipeline().addLast(new Withholding());
        CompletableFuture<Void> tunnel = establish(HUB, null);
        receive(ESTABLISHED);
        UpstreamException failure = failureOf(tunnel);
        assertEquals(FailureKind.PROTOCOL, failure.kind());
        assertTrue(failure.getMessage().contains("before the request was sent"), failure::getMessage);
    }

    @ParameterizedTest
    @CsvSource({"'',without an answer", "HTT,in the middle", "'HTTP/1.1 200 OK\r\nX: y\r\n',in the middle"})
    void saysThatTheProxyClosed(String before, String words) {
        CompletableFuture<Void> tunnel = establish(HUB, null);
        sent();
        if (!before.isEmpty()) {
            receive(before);
        }
        channel.close();
        UpstreamException failure = failureOf(tunnel);
        assertEquals(FailureKind.CLOSED_BY_PEER, failure.kind());
        assertTrue(failure.getMessage().contains(words), failure::getMessage);
    }

    @Test
    void saysThatTheConnectionWasReset() {
        CompletableFuture<Void> tunnel = establish(HUB, null);
        sent();
        channel.pipeline().fireExceptionCaught(new IOException("Connection reset by peer"));
        assertEquals(FailureKind.RESET, failureOf(tunnel).kind());
    }

    @Test
    void failsWhenSomebodyTakesItOut() {
        CompletableFuture<Void> tunnel = establish(HUB, null);
        sent();
        channel.pipeline().remove(PipelineNames.TUNNEL);
        assertEquals(FailureKind.INTERNAL, failureOf(tunnel).kind());
    }

    @Test
    void asksForMoreWhereNothingIsReadUnasked() {
        int[] reads = {0};
        channel.config().setAutoRead(false);
        channel.pipeline().addLast(new ChannelOutboundHandlerAdapter() {
            @Override
            public void read(ChannelHandlerContext ctx) {
                reads[0]++;
            }
        });
        CompletableFuture<Void> tunnel = establish(HUB, null);
        sent();
        assertEquals(1, reads[0]);
        receive("HTTP/1.1 200");
        assertEquals(2, reads[0]);
        receive("\r\n\r\n");
        tunnel.join();
        assertEquals(2, reads[0]);
    }

    private CompletableFuture<Void> establish(HostPort target, @Nullable UserPassword credentials) {
        return establishOn(channel, target, credentials);
    }

    private static CompletableFuture<Void> establishOn(
            EmbeddedChannel on, HostPort target, @Nullable UserPassword credentials) {
        TunnelStage stage = new TunnelStage(
                credentials == null ? ProxyServer.http(PROXY) : proxyAskedNothing(credentials),
                target,
                new ProxyMemory(List.of(new BasicScheme())),
                TunnelLimits.DEFAULT);
        assertEquals("tunnel", stage.name());
        return stage.establish(on, WHERE).toCompletableFuture();
    }

    private static ProxyServer proxyAskedNothing(UserPassword credentials) {
        ProxyAuthentication login = ProxyAuthentication.builder()
                .userPassword(credentials)
                .basicUnasked(true)
                .build();
        return ProxyServer.of(ProxyKind.HTTP, PROXY, login);
    }

    private UpstreamException answer(HostPort target, @Nullable UserPassword credentials, String wire) {
        CompletableFuture<Void> tunnel = establish(target, credentials);
        sent();
        receive(wire);
        return failureOf(tunnel);
    }

    private static UpstreamException failureOf(CompletableFuture<Void> tunnel) {
        assertTrue(tunnel.isDone(), "nothing is known yet");
        CompletionException error = assertThrows(CompletionException.class, tunnel::join);
        SecretScan.look("an exception", error);
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    private String sent() {
        ByteBuf request = channel.readOutbound();
        try {
            return request.toString(StandardCharsets.UTF_8);
        } finally {
            request.release();
        }
    }

    private void receive(String wire) {
        ByteBuf bytes = bytes(wire);
        channel.writeInbound(bytes);
        assertEquals(0, bytes.refCnt(), "somebody must release what arrives");
    }

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.ISO_8859_1);
    }

    private static ChannelInboundHandlerAdapter listener(List<String> heard) {
        return new ChannelInboundHandlerAdapter() {
            @Override
            public void channelRead(ChannelHandlerContext ctx, Object message) {
                heard.add(((ByteBuf) message).toString(StandardCharsets.UTF_8));
                ReferenceCountUtil.release(message);
            }
        };
    }

    /** A socket whose buffer is full: what is written does not go out. */
    private static final class Withholding extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ReferenceCountUtil.release(message);
        }
    }
}
