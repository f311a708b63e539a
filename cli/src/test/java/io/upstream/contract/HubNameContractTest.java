// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.SasKey;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.tls.EmulatorCa;
import io.upstream.emulator.tls.ServerCertificate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A server that has a certificate of the right authority, but for another host. The JVM runs with Netty's own check switched off. */
class HubNameContractTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir
    static Path directory;

    private static Trust trust;
    private static SSLServerSocket server;
    private static ConnectProxy proxy;
    private static UpstreamRuntime runtime;

    private enum Way {
        DIRECT,
        PROXY
    }

    @BeforeAll
    static void listen() throws Exception {
        runtime = UpstreamRuntime.builder().threads(1).build();
        EmulatorCa ca = EmulatorCa.create();
        trust = Trust.systemAnd(ca.writeTrustBundle(directory.resolve("ca.pem")));
        server = (SSLServerSocket) context(ca.issue("another.test"))
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread accepting = new Thread(HubNameContractTest::serve, "another-hub");
        accepting.setDaemon(true);
        accepting.start();
        proxy = ConnectProxy.builder()
                .route(
                        "hub.test:" + server.getLocalPort(),
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()))
                .start();
    }

    private static SSLContext context(ServerCertificate certificate) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry(
                "server", certificate.key(), new char[0], certificate.chain().toArray(X509Certificate[]::new));
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), null, null);
        return context;
    }

    /** Shakes hands with one client after the other, as far as they go along. */
    private static void serve() {
        while (!server.isClosed()) {
            try (SSLSocket client = (SSLSocket) server.accept()) {
                client.setSoTimeout((int) LIMIT.toMillis());
                client.startHandshake();
                client.getInputStream().readAllBytes();
            } catch (IOException e) {
                // the client has left, which is what the test wants
            }
        }
    }

    @AfterAll
    static void stop() throws IOException {
        runtime.close();
        proxy.close();
        server.close();
    }

    static Stream<Arguments> ways() {
        return Stream.of(UpstreamProtocol.values())
                .flatMap(protocol -> Stream.of(Way.values()).map(way -> Arguments.of(protocol, way)));
    }

    /** P35: all four protocols, directly and through a proxy, whatever the system property says. */
    @ParameterizedTest
    @MethodSource("ways")
    void refusesAHubWithTheCertificateOfAnotherHost(UpstreamProtocol protocol, Way way) {
        assertEquals("NONE", System.getProperty("io.netty.handler.ssl.defaultEndpointVerificationAlgorithm"));
        HostPort address = new HostPort("127.0.0.1", proxy.address().getPort());
        UpstreamOptions options = UpstreamOptions.forHub(way == Way.PROXY ? "hub.test" : "localhost")
                .protocol(protocol)
                .port(server.getLocalPort())
                .proxy(target -> List.of(way == Way.PROXY ? ProxyServer.http(address) : Route.DIRECT))
                .trust(trust)
                .connectTimeout(LIMIT)
                .build();
        try (UpstreamTransport transport = UpstreamTransport.create(options, runtime)) {
            ExecutionException error = assertThrows(
                    ExecutionException.class,
                    () -> transport
                            .open(Identity.device("d"), SasKey.of("a2V5"))
                            .toCompletableFuture()
                            .get(2 * LIMIT.toSeconds(), TimeUnit.SECONDS));
            UpstreamException failure = assertInstanceOf(UpstreamException.class, error.getCause());
            assertEquals(FailureKind.TLS_NAME, failure.kind(), failure.getMessage());
            assertEquals("tls", failure.stage());
        }
    }
}
