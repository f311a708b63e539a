// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslProvider;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import io.upstream.ClientCertificate;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ShownCertificateTest {
    @TempDir
    private Path directory;

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private X509Bundle root;
    private X509Bundle site;
    private X509Bundle server;
    private Path roots;

    @BeforeEach
    void issue() throws Exception {
        root = builder(Algorithm.ecp256, "CN=Site CA")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        site = builder(Algorithm.ecp256, "CN=Devices")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        server = builder(Algorithm.ecp256, "CN=hub").addSanDnsName("localhost").buildIssuedBy(root);
        roots = Files.writeString(directory.resolve("roots.pem"), root.getCertificatePEM());
    }

    @AfterEach
    void close() {
        runtime.close();
    }

    private static CertificateBuilder builder(Algorithm algorithm, String name) {
        return new CertificateBuilder().algorithm(algorithm).subject(name);
    }

    private TlsContexts contexts(SslProvider provider) {
        return new TlsContexts(Trust.systemAnd(roots), new SystemRoots(), provider, System::nanoTime);
    }

    private X509Certificate shown(AskingTlsPeer peer, TlsContexts contexts, ClientCertificate certificate)
            throws Exception {
        CompletableFuture<X509Certificate> accepted = peer.accept();
        HostPort hub = new HostPort("localhost", peer.port());
        Channel channel = ConnectAttempt.start(
                        runtime,
                        Duration.ofSeconds(20),
                        () -> ConnectPlan.to(hub)
                                .then(TlsStage.toTarget(
                                        contexts.current(certificate), hub, runtime.blocking(), Route.DIRECT, true))
                                .then(new FirstByte()))
                .outcome()
                .toCompletableFuture()
                .get(20, TimeUnit.SECONDS);
        channel.close().sync();
        return accepted.get(20, TimeUnit.SECONDS);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @CsvSource({
        "OPENSSL, TLSv1.3, ecp256", "OPENSSL, TLSv1.3, rsa2048", "OPENSSL, TLSv1.2, ecp256",
                "OPENSSL, TLSv1.2, rsa2048",
        "JDK, TLSv1.3, ecp256", "JDK, TLSv1.3, rsa2048", "JDK, TLSv1.2, ecp256", "JDK, TLSv1.2, rsa2048",
        "OPENSSL, TLSv1.3, ecp384", "OPENSSL, TLSv1.3, ed25519",
    })
    void isShownAlsoToAServerThatLikesOtherAuthorities(SslProvider provider, String version, Algorithm algorithm)
            throws Exception {
        X509Bundle device = builder(algorithm, "CN=dev-1").buildIssuedBy(site);
        ClientCertificate certificate = ClientCertificate.of(device.getKeyPair().getPrivate(), device.getCertificate());
        TlsContexts contexts = contexts(provider);
        try (AskingTlsPeer peer = new AskingTlsPeer(server, List.of(root.getCertificate()), version)) {
            assertEquals(device.getCertificate(), shown(peer, contexts, certificate));
            assertEquals(device.getCertificate(), shown(peer, contexts, certificate)); // may resume
        }
        assertSame(contexts.current(certificate), contexts.current(certificate));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"OPENSSL", "JDK"})
    void isReadAgainWhenItsFilesHaveChanged(SslProvider provider) throws Exception {
        TlsContexts contexts = contexts(provider);
        X509Bundle first = builder(Algorithm.ecp256, "CN=dev-1").buildIssuedBy(site);
        ClientCertificate certificate = write(first, Instant.now().minusSeconds(60));
        try (AskingTlsPeer peer = new AskingTlsPeer(server, List.of(), "TLSv1.3")) {
            assertEquals(first.getCertificate(), shown(peer, contexts, certificate));
            X509Bundle second = builder(Algorithm.ecp256, "CN=dev-1").buildIssuedBy(site);
            write(second, Instant.now());
            assertEquals(second.getCertificate(), shown(peer, contexts, certificate));
        }
    }

    private ClientCertificate write(X509Bundle bundle, Instant modified) throws Exception {
        Path chain = Files.writeString(directory.resolve("chain.pem"), bundle.getCertificatePEM());
        Path key = Files.writeString(directory.resolve("key.pem"), bundle.getPrivateKeyPEM());
        Files.setLastModifiedTime(chain, FileTime.from(modified));
        Files.setLastModifiedTime(key, FileTime.from(modified));
        return ClientCertificate.pem(chain, key);
    }

    @Test
    void isDiagnosedBeforeAnythingIsSent() throws Exception {
        TlsContexts contexts = contexts(SslProvider.JDK);
        X509Bundle over = builder(Algorithm.ecp256, "CN=dev-1")
                .notBefore(Instant.now().minus(9, ChronoUnit.DAYS))
                .notAfter(Instant.now().minus(1, ChronoUnit.DAYS))
                .buildIssuedBy(site);
        ClientCertificate expired = write(over, Instant.now());
        UpstreamException refused = assertThrows(UpstreamException.class, () -> contexts.current(expired));
        assertEquals(FailureKind.TLS_EXPIRED, refused.kind());
        Files.delete(directory.resolve("key.pem"));
        refused = assertThrows(UpstreamException.class, () -> contexts.current(expired));
        assertEquals(FailureKind.CONFIGURATION, refused.kind());
        assertEquals("certificate", refused.stage());
    }

    @Test
    void isNotMixedUpWithAnother() throws Exception {
        X509Bundle first = builder(Algorithm.ecp256, "CN=dev-1").buildIssuedBy(site);
        X509Bundle second = builder(Algorithm.ecp256, "CN=dev-2").buildIssuedBy(site);
        ClientCertificate one = ClientCertificate.of(first.getKeyPair().getPrivate(), first.getCertificate());
        ClientCertificate other = ClientCertificate.of(second.getKeyPair().getPrivate(), second.getCertificate());
        SharedTls shared = SharedTls.on(runtime);
        Trust trust = Trust.systemAnd(roots);
        assertSame(shared.contexts(trust, one), shared.contexts(trust, one));
        assertNotSame(shared.contexts(trust, one), shared.contexts(trust, other));
        assertNotSame(shared.contexts(trust, one), shared.contexts(trust));
        try (AskingTlsPeer peer = new AskingTlsPeer(server, List.of(), "TLSv1.3")) {
            assertEquals(first.getCertificate(), shown(peer, shared.contexts(trust, one), one));
            assertEquals(second.getCertificate(), shown(peer, shared.contexts(trust, other), other));
        }
    }

    @Test
    void isForgottenWithTheObjectThatStandsForIt() throws Exception {
        X509Bundle device = builder(Algorithm.ecp256, "CN=dev-1").buildIssuedBy(site);
        WeakReference<TlsContexts> kept = new WeakReference<>(made(device));
        for (int i = 0; i < 100 && kept.get() != null; i++) {
            System.gc();
            SharedTls.on(runtime).contexts(Trust.system(), write(device, Instant.now())); // looks for what is gone
            Thread.onSpinWait();
        }
        assertNull(kept.get());
    }

    private TlsContexts made(X509Bundle device) throws Exception {
        ClientCertificate certificate = ClientCertificate.of(device.getKeyPair().getPrivate(), device.getCertificate());
        TlsContexts contexts = SharedTls.on(runtime).contexts(Trust.systemAnd(roots), certificate);
        contexts.current(certificate);
        return contexts;
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource({"TLSv1.3", "TLSv1.2"})
    void worksWithAKeyThatStaysInAChip(String version) throws Exception {
        X509Bundle device = builder(Algorithm.ecp256, "CN=dev-1").buildIssuedBy(site);
        Provider chip = new ChipProvider();
        Security.addProvider(chip);
        try (AskingTlsPeer peer = new AskingTlsPeer(server, List.of(), version)) {
            ClientCertificate certificate = ClientCertificate.of(
                    new ChipProvider.Handle(device.getKeyPair().getPrivate()), device.getCertificate());
            assertEquals(device.getCertificate(), shown(peer, contexts(SslProvider.OPENSSL), certificate));
        } finally {
            Security.removeProvider(chip.getName());
        }
    }

    @Test
    void endsTheAttemptWhenItCannotBeUsed() throws Exception {
        ClientCertificate missing = ClientCertificate.pem(directory.resolve("no.pem"), directory.resolve("no.pem"));
        TlsContexts contexts = contexts(SslProvider.OPENSSL);
        try (AskingTlsPeer peer = new AskingTlsPeer(server, List.of(), "TLSv1.3")) {
            HostPort hub = new HostPort("localhost", peer.port());
            ConnectAttempt attempt = ConnectAttempt.start(
                    runtime,
                    Duration.ofSeconds(20),
                    () -> ConnectPlan.to(hub)
                            .then(TlsStage.toTarget(
                                    contexts.current(missing), hub, runtime.blocking(), Route.DIRECT, true)));
            ExecutionException thrown = assertThrows(
                    ExecutionException.class,
                    () -> attempt.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS));
            assertEquals(FailureKind.CONFIGURATION, ((UpstreamException) thrown.getCause()).kind());
        }
    }
}
