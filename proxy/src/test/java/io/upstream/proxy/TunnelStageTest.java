// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import io.upstream.testing.SecretScan;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The stage within a whole attempt, over sockets. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelStageTest {
    private static final HostPort HUB = new HostPort("hub.invalid", 8883);
    private static final Duration BUDGET = Duration.ofSeconds(20);
    private static final String ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    /** The first connection of a JVM loads classes for a long time; the short deadline below must not pay for it. */
    @BeforeAll
    void warmUp() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering(ESTABLISHED)) {
            attempt(proxy, BUDGET).get(30, TimeUnit.SECONDS).close().sync();
        }
    }

    @AfterAll
    void closeRuntime() {
        runtime.close();
    }

    @Test
    void carriesTheNextLayersBytesBothWays() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.playing(connection -> {
            ScriptedProxy.send(connection, ESTABLISHED);
            byte[] hello = connection.getInputStream().readNBytes(5);
            ScriptedProxy.send(connection, new String(hello, StandardCharsets.US_ASCII) + " yourself");
            ScriptedProxy.awaitEnd(connection);
        })) {
            GreetingStage greeting = new GreetingStage();
            ProxyServer server = ProxyServer.http(proxy.address());
            Channel channel = ConnectAttempt.start(
                            runtime,
                            BUDGET,
                            () -> ConnectPlan.to(HUB)
                                    .through(server, List.of(new TunnelStage(server, HUB, runtime)))
                                    .then(greeting))
                    .outcome()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
            assertEquals("hello yourself", greeting.heard.toString());
            assertNull(channel.pipeline().get(PipelineNames.TUNNEL));
            assertTrue(proxy.request().startsWith("CONNECT hub.invalid:8883 HTTP/1.1\r\n"));
            channel.close().sync();
        }
    }

    @Test
    void opensWhenTheAnswerComesInTwoWrites() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering("HTTP/1.1 200 OK\r", "\n\r\n")) {
            attempt(proxy, BUDGET).get(30, TimeUnit.SECONDS).close().sync();
        }
    }

    @Test
    void opensWhenTheAnswerComesByteByByte() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering(ESTABLISHED.split("(?<=.)"))) {
            attempt(proxy, BUDGET).get(30, TimeUnit.SECONDS).close().sync();
        }
    }

    @Test
    void namesTheTunnelWhenTheProxyNeverAnswers() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering()) {
            UpstreamException failure = failureOf(attempt(proxy, Duration.ofSeconds(2)));
            assertFailed(failure, FailureKind.TIMEOUT, "stage 'tunnel'", proxy);
        }
    }

    @Test
    void doesNotExtendTheDeadlineForATrickle() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering("HTTP/1.1 200 OK\r\nX: y\r\n\r")) {
            UpstreamException failure = failureOf(attempt(proxy, Duration.ofSeconds(2)));
            assertFailed(failure, FailureKind.TIMEOUT, "stage 'tunnel'", proxy);
        }
    }

    @Test
    void refusesTheTunnelWhenTheProxyAnswers407() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering(
                "HTTP/1.0 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n<html>")) {
            UpstreamException failure = failureOf(attempt(proxy, BUDGET));
            assertFailed(failure, FailureKind.PROXY_AUTH, "check user name and password", proxy);
            assertFalse(proxy.request().contains("Proxy-Authorization"));
            assertTrue(proxy.request().contains("\r\nProxy-Authorization: Basic dTpwdw==\r\n"));
        }
    }

    @Test
    void refusesTheTunnelWhenTheProxyAnswers403() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering("HTTP/1.1 403 Forbidden\r\nContent-Length: 3\r\n\r\nno!")) {
            assertFailed(failureOf(attempt(proxy, BUDGET)), FailureKind.PROXY_DENIED, "use MqttWs or AmqpWs", proxy);
        }
    }

    @Test
    void saysThatTheProxyClosedWithoutAnAnswer() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.playing(connection -> {})) {
            assertFailed(failureOf(attempt(proxy, BUDGET)), FailureKind.CLOSED_BY_PEER, "without an answer", proxy);
        }
    }

    @Test
    void saysThatTheProxyClosedItsHalf() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.playing(connection -> {
            ScriptedProxy.send(connection, "HTTP/1.1 200 OK\r\n");
            connection.shutdownOutput();
            ScriptedProxy.awaitEnd(connection);
        })) {
            assertFailed(failureOf(attempt(proxy, BUDGET)), FailureKind.CLOSED_BY_PEER, "in the middle", proxy);
        }
    }

    @Test
    void saysThatTheProxyResetTheConnection() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.playing(connection -> connection.setSoLinger(true, 0))) {
            assertFailed(failureOf(attempt(proxy, BUDGET)), FailureKind.RESET, "reset the connection", proxy);
        }
    }

    @Test
    void refusesAProxyThatSpeaksBeforeTls() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering(ESTABLISHED + "<html>login</html>")) {
            assertFailed(failureOf(attempt(proxy, BUDGET)), FailureKind.PROTOCOL, "spoke before TLS", proxy);
        }
    }

    @Test
    void reportsATargetThatNoProxyUnderstands() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering(ESTABLISHED)) {
            UpstreamException failure = failureOf(attempt(proxy, new HostPort("fe80::1%eth0", 443), BUDGET));
            assertEquals(FailureKind.CONFIGURATION, failure.kind());
        }
    }

    private CompletableFuture<Channel> attempt(ScriptedProxy proxy, Duration budget) {
        return attempt(proxy, HUB, budget);
    }

    private CompletableFuture<Channel> attempt(ScriptedProxy proxy, HostPort target, Duration budget) {
        ProxyServer server = ProxyServer.http(proxy.address(), new UserPassword("u", "pw"));
        return ConnectAttempt.start(
                        runtime,
                        budget,
                        () -> ConnectPlan.to(target).through(server, List.of(new TunnelStage(server, target, runtime))))
                .outcome()
                .toCompletableFuture();
    }

    private static UpstreamException failureOf(CompletableFuture<Channel> attempt) {
        ExecutionException error = assertThrows(ExecutionException.class, () -> attempt.get(30, TimeUnit.SECONDS));
        SecretScan.look("an exception", error);
        return assertInstanceOf(UpstreamException.class, error.getCause());
    }

    private static void assertFailed(UpstreamException failure, FailureKind kind, String words, ScriptedProxy proxy) {
        assertEquals(kind, failure.kind(), failure::getMessage);
        assertEquals("tunnel", failure.stage());
        assertEquals("proxy " + proxy.address(), failure.hop());
        assertTrue(failure.getMessage().contains(words), failure::getMessage);
    }

    /** A layer that speaks first, as TLS does, and completes when it has heard enough. */
    private static final class GreetingStage implements ConnectStage {
        private final StringBuilder heard = new StringBuilder();

        @Override
        public String name() {
            return "greeting";
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
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
