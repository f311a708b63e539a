// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TlsSessionsTest {
    private static final String EACH = "{0} {1}";

    @TempDir
    Path directory;

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private final AtomicLong clock = new AtomicLong();
    private X509Bundle root;
    private X509Bundle certificate;
    private Path roots;

    @BeforeEach
    void issue() throws Exception {
        root = certificate("CN=Site CA").setIsCertificateAuthority(true).buildSelfSigned();
        certificate = certificate("CN=hub").addSanDnsName("localhost").buildIssuedBy(root);
        roots = Files.writeString(directory.resolve("roots.pem"), root.getCertificatePEM());
    }

    @AfterEach
    void close() {
        runtime.close();
    }

    private static CertificateBuilder certificate(String name) {
        return new CertificateBuilder().algorithm(Algorithm.ecp256).subject(name);
    }

    private TlsContexts contexts(String provider) {
        return new TlsContexts(Trust.systemAnd(roots), new SystemRoots(), SslProvider.valueOf(provider), clock::get);
    }

    private void connect(TlsPeer peer, TlsContexts contexts, String host) throws Exception {
        CompletableFuture<SSLSocket> accepted = peer.accept();
        HostPort hub = new HostPort(host, peer.port());
        Channel channel = ConnectAttempt.start(
                        runtime,
                        Duration.ofSeconds(20),
                        () -> ConnectPlan.to(hub)
                                .then(TlsStage.toTarget(
                                        contexts.current(), hub, runtime.blocking(), Route.DIRECT, false))
                                .then(new FirstByte()))
                .outcome()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
        channel.close().sync();
        accepted.get(20, TimeUnit.SECONDS).close();
    }

    private FailureKind refusal(TlsPeer peer, TlsContexts contexts, String host) {
        Exception thrown = assertThrows(ExecutionException.class, () -> connect(peer, contexts, host));
        return ((UpstreamException) thrown.getCause()).kind();
    }

    @ParameterizedTest(name = EACH)
    @CsvSource({"OPENSSL, TLSv1.3", "OPENSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void resumesTheSessionOfAnEarlierConnection(String provider, String version) throws Exception {
        TlsContexts contexts = contexts(provider);
        try (TlsPeer peer = new TlsPeer(certificate, version)) {
            connect(peer, contexts, "localhost");
            int once = peer.keyUses();
            assertTrue(once > 0);

            for (int i = 0; i < 5; i++) {
                connect(peer, contexts, "localhost");
            }
            assertEquals(once, peer.keyUses());
        }
    }

    @ParameterizedTest(name = EACH)
    @CsvSource({"OPENSSL, TLSv1.3", "OPENSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void verifiesAgainWhenAnHourIsOver(String provider, String version) throws Exception {
        TlsContexts contexts = contexts(provider);
        try (TlsPeer peer = new TlsPeer(certificate, version)) {
            connect(peer, contexts, "localhost");
            int once = peer.keyUses();
            clock.addAndGet(TlsContexts.RESUMABLE.toNanos() - 1);
            connect(peer, contexts, "localhost");
            assertEquals(once, peer.keyUses());

            clock.addAndGet(1);
            connect(peer, contexts, "localhost");
            assertEquals(2 * once, peer.keyUses());
            connect(peer, contexts, "localhost");
            assertEquals(2 * once, peer.keyUses());
        }
    }

    @ParameterizedTest(name = EACH)
    @CsvSource({"OPENSSL, TLSv1.3", "OPENSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void resumesNothingThatAnotherTrustBundleVouchedFor(String provider, String version) throws Exception {
        TlsContexts contexts = contexts(provider);
        try (TlsPeer peer = new TlsPeer(certificate, version)) {
            connect(peer, contexts, "localhost");
            X509Bundle other =
                    certificate("CN=Next CA").setIsCertificateAuthority(true).buildSelfSigned();
            Files.writeString(roots, other.getCertificatePEM() + "\n\n");

            assertEquals(FailureKind.TLS_TRUST, refusal(peer, contexts, "localhost"));
        }
    }

    @ParameterizedTest(name = EACH)
    @CsvSource({"OPENSSL, TLSv1.3", "OPENSSL, TLSv1.2", "JDK, TLSv1.3", "JDK, TLSv1.2"})
    void resumesNothingUnderAnotherName(String provider, String version) throws Exception {
        TlsContexts contexts = contexts(provider);
        try (TlsPeer peer = new TlsPeer(certificate, version)) {
            connect(peer, contexts, "localhost");

            assertEquals(FailureKind.TLS_NAME, refusal(peer, contexts, "127.0.0.1"));
        }
    }
}
