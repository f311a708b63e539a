// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What comes above TLS right behind a handshake, in the same segment or instead of what was expected. */
class GluedFlightTest {
    private static final Map<SslProvider, TlsContexts> CONTEXTS = new EnumMap<>(SslProvider.class);
    private static final AtomicLong now = new AtomicLong();
    private static X509Bundle certificate;

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private GluingTlsPeer peer;

    @BeforeAll
    static void issue(@TempDir Path directory) throws Exception {
        X509Bundle root = new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=CA")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        certificate = new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=hub")
                .addSanDnsName("localhost")
                .buildIssuedBy(root);
        Trust trust = Trust.systemAnd(Files.writeString(directory.resolve("roots.pem"), root.getCertificatePEM()));
        SystemRoots system = new SystemRoots();
        for (SslProvider provider : new SslProvider[] {SslProvider.OPENSSL, SslProvider.JDK}) {
            TlsContexts contexts = new TlsContexts(trust, system, provider, now::get);
            contexts.current();
            CONTEXTS.put(provider, contexts);
        }
    }

    @BeforeEach
    void listen() throws Exception {
        peer = new GluingTlsPeer(certificate);
    }

    @AfterEach
    void close() throws Exception {
        peer.close();
        runtime.close();
    }

    private CompletionStage<Channel> connect(TlsContexts contexts, ConnectStage... above) {
        HostPort hub = new HostPort("localhost", peer.port());
        return ConnectAttempt.start(runtime, Duration.ofSeconds(20), () -> {
                    ConnectPlan plan = ConnectPlan.to(hub)
                            .then(TlsStage.toTarget(contexts.current(), hub, runtime.blocking(), Route.DIRECT, false));
                    for (ConnectStage stage : above) {
                        plan = plan.then(stage);
                    }
                    return plan;
                })
                .outcome();
    }

    private static <T> T get(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(20, TimeUnit.SECONDS);
    }

    /** The first, and those that resume its session. */
    @ParameterizedTest(name = "{0} {1}")
    @CsvSource({"OPENSSL, TLSv1.3", "OPENSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void handsOverWhatComesWithTheLastFlight(SslProvider provider, String version) throws Exception {
        TlsContexts contexts = CONTEXTS.get(provider);
        for (int i = 0; i < 5; i++) {
            CompletableFuture<GluingTlsPeer.Connection> accepted = peer.accept(version);
            CompletionStage<Channel> opening =
                    connect(contexts, new LetterStage("first", 'a'), new LetterStage("second", 'b'));
            try (GluingTlsPeer.Connection connection = get(accepted)) {
                connection.sayWithTheLastFlight("ab".getBytes(US_ASCII));
                get(opening).close().sync();
            }
        }
    }

    /**
     * What could not be encrypted any more was leaked once (netty#14651). BoringSSL tells of the first forged record with the second one, or
     * with a write; until then it has told the peer, who has to close.
     */
    @ParameterizedTest(name = "{0} {1}, {2} buffers wait")
    @CsvSource({
        "OPENSSL, TLSv1.3, 0",
        "OPENSSL, TLSv1.3, 200",
        "OPENSSL, TLSv1.2, 200",
        "JDK, TLSv1.3, 0",
        "JDK, TLSv1.3, 200",
        "JDK, TLSv1.2, 200"
    })
    void failsAndReleasesWhatWaitsWhenRecordsAreForged(SslProvider provider, String version, int waiting)
            throws Exception {
        CompletableFuture<GluingTlsPeer.Connection> accepted = peer.accept(version);
        CompletionStage<Channel> opening = connect(CONTEXTS.get(provider));
        try (GluingTlsPeer.Connection connection = get(accepted)) {
            connection.sayWithTheLastFlight();
            Channel channel = get(opening);
            List<ChannelFuture> writes = new ArrayList<>();
            channel.eventLoop()
                    .submit(() -> {
                        channel.pipeline().addLast(new LikeASession());
                        for (int i = 0; i < waiting; i++) {
                            writes.add(channel.writeAndFlush(
                                    channel.alloc().directBuffer(16_384).writeZero(16_384)));
                        }
                    })
                    .sync();
            connection.forgeARecord();
            connection.forgeARecord();
            assertTrue(channel.closeFuture().await(20, TimeUnit.SECONDS));
            for (ChannelFuture write : writes) {
                assertTrue(write.await(20, TimeUnit.SECONDS));
            }
        }
    }

    /** Closes on any error, as what is above TLS does in all protocols. */
    private static final class LikeASession extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            ctx.close();
        }
    }

    /** Slow steps run beside the event loop: none of many handshakes may wait for one that nobody wakes (netty#14411). */
    @ParameterizedTest
    @CsvSource({"OPENSSL, TLSv1.3", "JDK, TLSv1.3", "OPENSSL, TLSv1.2", "JDK, TLSv1.2"})
    void finishesEveryOneOfManyHandshakes(SslProvider provider, String version) throws Exception {
        TlsContexts contexts = CONTEXTS.get(provider);
        for (int round = 0; round < 2; round++) {
            now.addAndGet(TlsContexts.RESUMABLE.toNanos()); // resumes nothing
            List<CompletableFuture<GluingTlsPeer.Connection>> accepted = new ArrayList<>();
            List<CompletionStage<Channel>> opening = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                accepted.add(peer.accept(version));
                opening.add(connect(contexts));
            }
            for (CompletableFuture<GluingTlsPeer.Connection> each : accepted) {
                get(each).sayWithTheLastFlight();
            }
            for (CompletionStage<Channel> each : opening) {
                get(each).close().sync();
            }
            for (CompletableFuture<GluingTlsPeer.Connection> each : accepted) {
                each.join().close();
            }
        }
    }
}
