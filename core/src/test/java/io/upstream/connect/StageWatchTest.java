// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.util.ReferenceCountUtil;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** P11: no layer takes longer than its limit, whatever the attempt may take. The other modules have the rows of their own layers. */
class StageWatchTest {
    private static final Duration TIME = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Silence silence = new Silence();

    @AfterEach
    void close() {
        silence.close();
    }

    /** Hears everything and is never content. */
    private record Listening(StageLimit limit) implements ConnectStage {
        @Override
        public String name() {
            return "listening";
        }

        @Override
        public CompletionStage<Void> establish(Channel channel, Where where) {
            PipelineNames.append(channel.pipeline(), "listening", new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object message) {
                    ReferenceCountUtil.release(message);
                }
            });
            return new CompletableFuture<>();
        }
    }

    private void hear() {
        silence.channel.writeInbound(Unpooled.wrappedBuffer(new byte[] {1}));
    }

    private void say() {
        silence.channel.writeOutbound(Unpooled.wrappedBuffer(new byte[] {1}));
    }

    @Test
    void tlsHasTenSecondsWhateverTrickles() throws Exception {
        TlsStage tls = TlsStage.toTarget(
                SslContextBuilder.forClient().build(),
                new HostPort("hub.test", 8883),
                Runnable::run,
                Route.DIRECT,
                false);
        silence.with(tls).pass(Duration.ofSeconds(6));
        silence.endsAfter(Duration.ofSeconds(4), "tls", Duration.ofSeconds(10));
    }

    @Test
    void tlsWithAProxyHasTenSeconds() throws Exception {
        try (UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build()) {
            ProxyServer proxy = ProxyServer.of(ProxyKind.HTTPS, new HostPort("p.test", 443), ProxyAuthentication.NONE);
            silence.with(TlsStage.toProxy(proxy, runtime)).endsAfter(Duration.ofSeconds(10), "proxy-tls");
        }
    }

    @Test
    void aLayerThatNamesNoLimitHasTwentySeconds() {
        silence.with(new LetterStage("other", 'x')).endsAfter(Duration.ofSeconds(20), "other");
    }

    @Test
    void aLimitOfTheWholeIsNotMovedByWhatIsSaidAndHeard() {
        silence.with(new Listening(StageLimit.of(TIME))).pass(Duration.ofSeconds(9));
        hear();
        say();
        silence.endsAfter(Duration.ofSeconds(1), "listening", TIME);
    }

    @Test
    void silenceCountsFromTheLastByte() {
        silence.with(new Listening(StageLimit.ofSilence(TIME, PATIENCE)));
        for (int i = 0; i < 5; i++) {
            silence.pass(Duration.ofSeconds(9));
            hear();
        }
        silence.endsAfter(TIME, "listening");
    }

    /** A proxy that connects to the hub before it answers. */
    @Test
    void whoIsTheOnlyWayMayBeginLater() {
        silence.with(new Listening(StageLimit.ofSilence(TIME, PATIENCE))).pass(Duration.ofSeconds(20));
        hear();
        say();
        silence.endsAfter(PATIENCE, "listening");
    }

    @Test
    void whoIsNotTheOnlyWayMayNot() {
        silence.with(new Listening(StageLimit.ofSilence(TIME, PATIENCE)), TIME).endsAfter(TIME, "listening");
    }

    @Test
    void whatIsWaitedForHereIsNotThePeersFault() {
        silence.with(new Listening(StageLimit.ofSilence(TIME, PATIENCE)));
        hear();
        silence.clock.stop(() -> "the provider of the credentials");
        silence.pass(Duration.ofMinutes(5));
        silence.goesOn();
        silence.clock.resume();
        say();
        silence.endsAfter(PATIENCE, "listening");
    }

    @Test
    void theWatchLeavesWithTheAttempt() throws Exception {
        try (UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
                ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            HostPort hub = new HostPort("127.0.0.1", server.getLocalPort());
            Channel channel = ConnectAttempt.start(runtime, Duration.ofSeconds(20), () -> ConnectPlan.to(hub))
                    .outcome()
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
            assertEquals(
                    List.of(),
                    channel.pipeline().names().stream()
                            .filter(name -> name.equals(PipelineNames.WATCH) || name.equals(PipelineNames.GUARD))
                            .toList());
            channel.close().sync();
        }
    }

    /** Over a real socket and in real time: what the attempt has left is not shortened by what a layer had. */
    @Test
    void endsAWholeAttemptLongBeforeItsDeadline() throws Exception {
        try (UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
                ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            HostPort hub = new HostPort("127.0.0.1", server.getLocalPort());
            CompletableFuture<Channel> outcome = ConnectAttempt.start(
                            runtime,
                            Duration.ofMinutes(5),
                            () -> ConnectPlan.to(hub).then(new Listening(StageLimit.of(Duration.ofMillis(300)))))
                    .outcome()
                    .toCompletableFuture();
            ExecutionException thrown = assertThrows(ExecutionException.class, () -> outcome.get(20, TimeUnit.SECONDS));
            UpstreamException failure = (UpstreamException) thrown.getCause();
            assertEquals("listening", failure.stage());
            assertTrue(failure.getMessage().contains("the 0.3 s for that stage are over"), failure.getMessage());
        }
    }
}
