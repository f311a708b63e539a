// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

@ParameterizedClass
@EnumSource(
        value = SslProvider.class,
        names = {"OPENSSL", "JDK"})
class TlsStageTest {
    private static final short SUPPORTED_VERSIONS = 43;
    private static final X509Bundle ROOT = root("CN=Site CA");

    @Parameter
    SslProvider provider;

    @TempDir
    Path directory;

    private final UpstreamRuntime runtime = UpstreamRuntime.create();

    @AfterEach
    void close() {
        runtime.close();
        System.clearProperty("javax.net.ssl.trustStore");
        System.clearProperty("javax.net.ssl.trustStorePassword");
    }

    private static X509Bundle root(String name) {
        try {
            return new CertificateBuilder()
                    .algorithm(Algorithm.ecp256)
                    .subject(name)
                    .setIsCertificateAuthority(true)
                    .buildSelfSigned();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static CertificateBuilder leaf() {
        return new CertificateBuilder().algorithm(Algorithm.ecp256).subject("CN=hub");
    }

    private SSLServerSocket listen(X509Bundle certificate) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        KeyManagerFactory keys = certificate.toKeyManagerFactory();
        context.init(keys.getKeyManagers(), null, null);
        return (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress());
    }

    private Trust trust(X509Bundle root) throws IOException {
        return Trust.systemAnd(Files.writeString(directory.resolve("roots.pem"), root.getCertificatePEM()));
    }

    private TlsContexts contexts(Trust trust) {
        return new TlsContexts(trust, new SystemRoots(), provider, System::nanoTime);
    }

    private CompletableFuture<String> handshake(String host, int port, Trust trust) {
        return handshake(host, port, contexts(trust), null);
    }

    private CompletableFuture<String> handshake(
            String host, int port, TlsContexts contexts, @Nullable ClientCertificate certificate) {
        HostPort hub = new HostPort(host, port);
        return ConnectAttempt.start(
                        runtime,
                        Duration.ofSeconds(20),
                        () -> ConnectPlan.to(hub)
                                .then(TlsStage.toTarget(
                                        contexts.current(certificate),
                                        hub,
                                        runtime.blocking(),
                                        Route.DIRECT,
                                        certificate != null)))
                .outcome()
                .thenApply(channel -> {
                    channel.close();
                    return "connected";
                })
                .toCompletableFuture();
    }

    /** What the first client to come agrees on, or the text of the failure. */
    private static CompletableFuture<SSLSocket> accept(SSLServerSocket server) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                SSLSocket peer = (SSLSocket) server.accept();
                peer.startHandshake();
                return peer;
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    private static UpstreamException failureOf(CompletableFuture<?> outcome) {
        ExecutionException thrown = assertThrows(ExecutionException.class, () -> outcome.get(20, TimeUnit.SECONDS));
        return (UpstreamException) thrown.getCause();
    }

    @ParameterizedTest
    @CsvSource({"TLSv1.3", "TLSv1.2"})
    void believesARootOfTheBundle(String version) throws Exception {
        X509Bundle certificate = leaf().addSanDnsName("localhost").buildIssuedBy(ROOT);
        try (SSLServerSocket server = listen(certificate)) {
            server.setEnabledProtocols(new String[] {version});
            CompletableFuture<SSLSocket> accepted = accept(server);

            assertEquals(
                    "connected",
                    handshake("localhost", server.getLocalPort(), trust(ROOT)).get(20, TimeUnit.SECONDS));
            assertEquals(
                    version, accepted.get(20, TimeUnit.SECONDS).getSession().getProtocol());
        }
    }

    /** P35: SNI. */
    @Test
    void sendsTheNameEvenWithoutADot() throws Exception {
        X509Bundle certificate = leaf().addSanDnsName("localhost").buildIssuedBy(ROOT);
        CompletableFuture<String> asked = new CompletableFuture<>();
        try (SSLServerSocket server = listen(certificate)) {
            SSLParameters parameters = server.getSSLParameters();
            parameters.setSNIMatchers(List.of(new SNIMatcher(0) {
                @Override
                public boolean matches(SNIServerName name) {
                    asked.complete(new SNIHostName(name.getEncoded()).getAsciiName());
                    return true;
                }
            }));
            server.setSSLParameters(parameters);
            accept(server);

            handshake("localhost", server.getLocalPort(), trust(ROOT)).get(20, TimeUnit.SECONDS);
            assertEquals("localhost", asked.get(20, TimeUnit.SECONDS));
        }
    }

    /** A certificate, the host that is asked for, the verdict. The JVM runs with Netty's own host name check switched off. */
    static Stream<Object[]> verdicts() throws Exception {
        Instant now = Instant.now();
        Duration day = Duration.ofDays(1);
        return Stream.of(
                new Object[] {"good", leaf().addSanDnsName("localhost").buildIssuedBy(ROOT), "localhost", null},
                new Object[] {
                    "good address", leaf().addSanIpAddress("127.0.0.1").buildIssuedBy(ROOT), "127.0.0.1", null
                },
                new Object[] {"upper case", leaf().addSanDnsName("LOCALHOST").buildIssuedBy(ROOT), "localhost", null},
                new Object[] {
                    "another host",
                    leaf().addSanDnsName("other.test").buildIssuedBy(ROOT),
                    "localhost",
                    FailureKind.TLS_NAME
                },
                new Object[] {
                    "a name, asked by address",
                    leaf().addSanDnsName("localhost").buildIssuedBy(ROOT),
                    "127.0.0.1",
                    FailureKind.TLS_NAME
                },
                new Object[] {
                    "unknown root",
                    leaf().addSanDnsName("localhost").buildIssuedBy(root("CN=Stranger")),
                    "localhost",
                    FailureKind.TLS_TRUST
                },
                new Object[] {
                    "self-signed",
                    leaf().addSanDnsName("localhost")
                            .setIsCertificateAuthority(true)
                            .buildSelfSigned(),
                    "localhost",
                    FailureKind.TLS_TRUST
                },
                new Object[] {
                    "expired",
                    leaf().addSanDnsName("localhost")
                            .notBefore(now.minus(day.multipliedBy(2)))
                            .notAfter(now.minus(day))
                            .buildIssuedBy(ROOT),
                    "localhost",
                    FailureKind.TLS_EXPIRED
                },
                new Object[] {
                    "not yet valid",
                    leaf().addSanDnsName("localhost").notBefore(now.plus(day)).buildIssuedBy(ROOT),
                    "localhost",
                    FailureKind.TLS_EXPIRED
                });
    }

    /** P35: with Netty's own check switched off by a system property. */
    @ParameterizedTest(name = "{0}: {3}")
    @MethodSource("verdicts")
    void judgesACertificate(String name, X509Bundle certificate, String host, FailureKind expected) throws Exception {
        try (SSLServerSocket server = listen(certificate)) {
            accept(server);
            CompletableFuture<String> outcome = handshake(host, server.getLocalPort(), trust(ROOT));

            if (expected == null) {
                assertEquals("connected", outcome.get(20, TimeUnit.SECONDS));
            } else {
                UpstreamException failure = failureOf(outcome);
                assertEquals(expected, failure.kind(), failure.getMessage());
                assertEquals("tls", failure.stage());
                assertTrue(failure.getMessage().contains("hub " + host), failure.getMessage());
                assertTrue(failure.getMessage().contains("issued by 'CN="), failure.getMessage());
                assertTrue(failure.getMessage().contains("SHA-256 "), failure.getMessage());
            }
        }
    }

    /** Each way to believe: a trust manager that was wrapped once lost the name on one of them only (CVE-2026-50010, CVE-2026-62243). */
    @ParameterizedTest(name = "{0}, certificate shown: {1}")
    @CsvSource({"PLATFORM, false", "PLATFORM, true", "BUNDLE, false", "BUNDLE, true"})
    void refusesAnotherHostHoweverItsAuthorityIsBelieved(Believed believed, boolean shown) throws Exception {
        TlsContexts contexts = contexts(believed.in(this));
        ClientCertificate certificate = shown ? client() : null;
        X509Bundle other = leaf().addSanDnsName("other.test").buildIssuedBy(ROOT);
        try (SSLServerSocket server = listen(other)) {
            accept(server);
            UpstreamException failure = failureOf(handshake("localhost", server.getLocalPort(), contexts, certificate));
            assertEquals(FailureKind.TLS_NAME, failure.kind(), failure.getMessage());
        }
        X509Bundle good = leaf().addSanDnsName("localhost").buildIssuedBy(ROOT);
        try (SSLServerSocket server = listen(good)) {
            accept(server);
            CompletableFuture<String> outcome = handshake("localhost", server.getLocalPort(), contexts, certificate);
            assertEquals("connected", outcome.get(20, TimeUnit.SECONDS));
        }
    }

    /** Where the hub's authority is found. */
    private enum Believed {
        PLATFORM {
            @Override
            Trust in(TlsStageTest test) throws Exception {
                KeyStore store = KeyStore.getInstance("PKCS12");
                store.load(null, null);
                store.setCertificateEntry("root", ROOT.getCertificate());
                Path file = test.directory.resolve("roots.p12");
                try (OutputStream out = Files.newOutputStream(file)) {
                    store.store(out, "changeit".toCharArray());
                }
                System.setProperty("javax.net.ssl.trustStore", file.toString());
                System.setProperty("javax.net.ssl.trustStorePassword", "changeit");
                return Trust.system();
            }
        },
        BUNDLE {
            @Override
            Trust in(TlsStageTest test) throws Exception {
                return test.trust(ROOT);
            }
        };

        abstract Trust in(TlsStageTest test) throws Exception;
    }

    private static ClientCertificate client() throws Exception {
        X509Bundle device = leaf().subject("CN=dev-1").buildIssuedBy(ROOT);
        return ClientCertificate.of(device.getKeyPair().getPrivate(), device.getCertificate());
    }

    /** P36: no agreement below ECDHE and AEAD. */
    @ParameterizedTest
    @CsvSource({
        "TLSv1.2, TLS_RSA_WITH_AES_256_GCM_SHA384",
        "TLSv1.2, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
        "TLSv1.2, TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    })
    void refusesAServerThatOffersOnlyWeakSuites(String version, String suite) throws Exception {
        X509Bundle certificate = new CertificateBuilder()
                .algorithm(Algorithm.rsa2048)
                .subject("CN=hub")
                .addSanDnsName("localhost")
                .buildIssuedBy(ROOT);
        try (SSLServerSocket server = listen(certificate)) {
            server.setEnabledProtocols(new String[] {version});
            server.setEnabledCipherSuites(new String[] {suite});
            accept(server);

            UpstreamException failure = failureOf(handshake("localhost", server.getLocalPort(), trust(ROOT)));
            assertEquals(FailureKind.TLS_OTHER, failure.kind(), failure.getMessage());
        }
    }

    @Test
    void recognisesAPeerThatDoesNotSpeakTls() throws Exception {
        try (java.net.ServerSocket server = new java.net.ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            CompletableFuture<String> outcome = handshake("localhost", server.getLocalPort(), trust(ROOT));
            try (Socket peer = server.accept()) {
                peer.getOutputStream()
                        .write("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                UpstreamException failure = failureOf(outcome);

                assertEquals(FailureKind.TLS_OTHER, failure.kind());
                assertTrue(failure.getMessage().contains("does not speak TLS"), failure.getMessage());
            }
        }
    }

    /** P23: the trust bundle. */
    @Test
    void readsTheBundleAgainWhenItHasChanged() throws Exception {
        X509Bundle late = root("CN=New root of the site");
        X509Bundle certificate = leaf().addSanDnsName("localhost").buildIssuedBy(late);
        Trust trust = trust(ROOT);
        TlsContexts contexts = contexts(trust);
        var before = contexts.current();
        assertEquals(before, contexts.current());

        Files.writeString(trust.bundle().orElseThrow(), late.getCertificatePEM() + "\n");
        assertTrue(before != contexts.current());
        try (SSLServerSocket server = listen(certificate)) {
            accept(server);
            assertEquals(
                    "connected",
                    handshake("localhost", server.getLocalPort(), trust).get(20, TimeUnit.SECONDS));
        }
    }

    @ParameterizedTest
    @CsvSource({"''", "no certificate here", "-----BEGIN CERTIFICATE-----\nZ\n-----END CERTIFICATE-----"})
    void saysThatABundleIsNotUsable(String text) throws Exception {
        Path file = Files.writeString(directory.resolve("bad.pem"), text);
        UpstreamException failure = assertThrows(
                UpstreamException.class, () -> contexts(Trust.systemAnd(file)).current());

        assertEquals(FailureKind.CONFIGURATION, failure.kind());
        assertTrue(failure.getMessage().contains(file.toString()), failure.getMessage());
    }

    @Test
    void saysThatABundleIsMissing() {
        Path file = directory.resolve("missing.pem");
        UpstreamException failure = assertThrows(
                UpstreamException.class, () -> contexts(Trust.systemAnd(file)).current());
        assertEquals(FailureKind.CONFIGURATION, failure.kind());
    }

    /** P36: what a server is offered, read off the wire: no older version, no other suite. */
    @Test
    void saysNothingElseInItsHello() throws Exception {
        try (java.net.ServerSocket server = new java.net.ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            CompletableFuture<String> outcome = handshake("localhost", server.getLocalPort(), trust(ROOT));
            try (Socket peer = server.accept()) {
                java.io.DataInputStream in = new java.io.DataInputStream(peer.getInputStream());
                in.readNBytes(3);
                ByteBuffer hello = ByteBuffer.wrap(in.readNBytes(in.readUnsignedShort()));
                hello.position(4 + 2 + 32); // type and length, version, random
                hello.position(hello.position() + 1 + hello.get(hello.position())); // session id
                ByteBuffer suites = part(hello, hello.getShort());
                part(hello, hello.get()); // compression
                part(hello, Short.BYTES);
                List<String> versions = new ArrayList<>();
                while (hello.hasRemaining()) {
                    short type = hello.getShort();
                    ByteBuffer extension = part(hello, hello.getShort());
                    if (type == SUPPORTED_VERSIONS) {
                        extension.get();
                        versions.addAll(numbers(extension));
                    }
                }
                assertEquals(List.of("304", "303"), versions);
                List<String> offered = new ArrayList<>(numbers(suites));
                offered.remove("ff"); // no suite: it says that renegotiation is secure (RFC 5746)
                assertEquals(Set.of("1301", "1302", "1303", "c02b", "c02c", "c02f", "c030"), new HashSet<>(offered));
            }
            failureOf(outcome);
        }
    }

    private static ByteBuffer part(ByteBuffer from, int length) {
        ByteBuffer part = from.slice(from.position(), length);
        from.position(from.position() + length);
        return part;
    }

    private static List<String> numbers(ByteBuffer shorts) {
        List<String> numbers = new ArrayList<>();
        while (shorts.hasRemaining()) {
            numbers.add(Integer.toHexString(Short.toUnsignedInt(shorts.getShort())));
        }
        return numbers;
    }

    /** P36: five of ECDHE and AEAD beside TLS 1.3. */
    @Test
    void offersSevenSuitesAndNothingElse() throws Exception {
        assertEquals(TlsContexts.CIPHERS, contexts(Trust.system()).current().cipherSuites());
    }
}
