// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelInboundHandlerAdapter;
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
    void aRefusedPortNamesHostAndPort() throws Exception {
        server.close();
        UpstreamException failure = failureOf(start(AMPLE, ConnectPlan.to(hub)));

        assertEquals(FailureKind.REFUSED, failure.kind());
        assertEquals("tcp", failure.stage());
        assertTrue(failure.getMessage().contains(hub.toString()), failure.getMessage());
    }

    @Test
    void opensTheSocketToTheProxyAndNeverResolvesTheHub() throws Exception {
        HostPort unknown = new HostPort("nowhere.invalid", 8883);
        ConnectPlan plan = ConnectPlan.to(unknown)
                .through(ProxyServer.http(hub), List.of(new LetterStage("tunnel", 'a')))
                .then(new LetterStage("tls", 'b'));
        ConnectAttempt attempt = start(AMPLE, plan);
        try (Socket peer = server.accept()) {
            peer.getOutputStream().write('a');
            peer.shutdownOutput();
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
}
