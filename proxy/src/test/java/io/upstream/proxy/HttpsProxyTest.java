// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.upstream.ClientCertificate;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.SasKey;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.LowerLayers;
import io.upstream.connect.PipelineNames;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SNIMatcher;
import javax.net.ssl.SNIServerName;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** TLS to a proxy on {@code localhost} and, within it, to a hub that has another name. */
class HttpsProxyTest {
    private static final String PROXY_NAME = "localhost";
    private static final String HUB_NAME = "hub.test";

    @TempDir
    static Path directory;

    private static X509Bundle proxyRoot;
    private static X509Bundle hubRoot;
    private static UpstreamRuntime runtime;

    private final List<AutoCloseable> open = new ArrayList<>();

    @BeforeAll
    static void makeRoots() throws Exception {
        runtime = UpstreamRuntime.builder().threads(1).build();
        proxyRoot = TlsPeers.root("Proxy CA");
        hubRoot = TlsPeers.root("Hub CA");
        Files.writeString(directory.resolve("proxy.pem"), proxyRoot.getCertificatePEM());
        Files.writeString(directory.resolve("hub.pem"), hubRoot.getCertificatePEM());
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable resource : open) {
            resource.close();
        }
    }

    @AfterAll
    static void closeTheRuntime() {
        runtime.close();
    }

    private SSLServerSocket hub(X509Bundle shown) throws Exception {
        return hub(TlsPeers.listen(shown));
    }

    private SSLServerSocket hub(SSLServerSocket listener) {
        open.add(ScriptedPeer.on(listener, connection -> {
            ((SSLSocket) connection).startHandshake();
            ScriptedPeer.awaitEnd(connection);
        }));
        return listener;
    }

    private ScriptedPeer proxy(SSLServerSocket listener, int hubPort) {
        ScriptedPeer proxy = ScriptedPeer.on(listener, connection -> {
            ((SSLSocket) connection).startHandshake();
            TlsPeers.carryingTo(hubPort).play(connection);
        });
        open.add(proxy);
        return proxy;
    }

    private static ProxyServer server(HostPort address, ClientCertificate certificate) {
        return new ProxyServer(
                ProxyKind.HTTPS,
                address,
                ProxyAuthentication.NONE,
                Trust.systemAnd(directory.resolve("proxy.pem")),
                certificate);
    }

    private CompletableFuture<Channel> attempt(ProxyServer server) {
        UpstreamOptions options = UpstreamOptions.forHub(HUB_NAME)
                .protocol(UpstreamProtocol.MQTT)
                .proxy(target -> List.of(server))
                .trust(Trust.systemAnd(directory.resolve("hub.pem")))
                .build();
        LowerLayers layers = new LowerLayers(
                options, UpstreamProtocol.MQTT, runtime, ProxyLayers::towards, (target, path, subprotocol) -> {
                    throw new AssertionError("no WebSocket is wanted");
                });
        return ConnectAttempt.start(runtime, Duration.ofSeconds(20), () -> layers.plan(SasKey.of("a2V5")))
                .outcome()
                .toCompletableFuture();
    }

    private static UpstreamException failureOf(CompletableFuture<Channel> outcome) {
        return (UpstreamException) assertThrows(ExecutionException.class, () -> outcome.get(30, TimeUnit.SECONDS))
                .getCause();
    }

    private static void noteNames(SSLServerSocket listener, BlockingQueue<String> names) {
        SSLParameters parameters = listener.getSSLParameters();
        parameters.setSNIMatchers(List.of(new SNIMatcher(0) {
            @Override
            public boolean matches(SNIServerName name) {
                names.add(new SNIHostName(name.getEncoded()).getAsciiName());
                return true;
            }
        }));
        listener.setSSLParameters(parameters);
    }

    /** P35: SNI within the tunnel. */
    @Test
    @DisplayName("F126 https-proxy-ok")
    void eachLayerAsksForTheNameOfItsOwnPeer() throws Exception {
        BlockingQueue<String> names = new LinkedBlockingQueue<>();
        SSLServerSocket hub = TlsPeers.listen(TlsPeers.leaf(HUB_NAME).buildIssuedBy(hubRoot));
        SSLServerSocket listener = TlsPeers.listen(TlsPeers.leaf(PROXY_NAME).buildIssuedBy(proxyRoot));
        noteNames(hub, names);
        noteNames(listener, names);
        hub(hub);
        ScriptedPeer proxy = proxy(listener, hub.getLocalPort());

        Channel channel = attempt(server(proxy.named(), null)).get(30, TimeUnit.SECONDS);
        assertNotNull(channel.pipeline().get(PipelineNames.PROXY_TLS));
        assertNotNull(channel.pipeline().get(PipelineNames.TLS));
        assertEquals(PROXY_NAME, names.poll(20, TimeUnit.SECONDS));
        assertEquals(HUB_NAME, names.poll(20, TimeUnit.SECONDS));
        channel.close().sync();
    }

    /** P35: neither name counts for the other peer, and neither trust does. */
    @ParameterizedTest
    @CsvSource({
        "localhost, proxy, localhost, hub, tls, TLS_NAME",
        "hub.test, proxy, hub.test, hub, proxy-tls, TLS_NAME",
        "localhost, proxy, hub.test, proxy, tls, TLS_TRUST",
        "localhost, hub, hub.test, hub, proxy-tls, TLS_TRUST",
    })
    void judgesEachPeerByItsOwnNameAndTrust(
            String proxyShows, String proxyIssuer, String hubShows, String hubIssuer, String stage, FailureKind kind)
            throws Exception {
        SSLServerSocket hub = hub(TlsPeers.leaf(hubShows).buildIssuedBy(issuer(hubIssuer)));
        ScriptedPeer proxy = proxy(
                TlsPeers.listen(TlsPeers.leaf(proxyShows).buildIssuedBy(issuer(proxyIssuer))), hub.getLocalPort());
        UpstreamException failure = failureOf(attempt(server(proxy.named(), null)));

        assertEquals(kind, failure.kind(), failure.getMessage());
        assertEquals(stage, failure.stage());
        assertTrue(
                failure.hop().startsWith(stage.equals("tls") ? "hub " + HUB_NAME : "proxy " + PROXY_NAME),
                failure.hop());
    }

    private static X509Bundle issuer(String name) {
        return name.equals("proxy") ? proxyRoot : hubRoot;
    }

    @ParameterizedTest(name = "F126 https-proxy, {0}")
    @CsvSource({
        "expired, TLS_EXPIRED, is not valid at this time",
        "another name, TLS_NAME, is for another host",
        "unknown issuer, TLS_TRUST, add its root to the trust bundle that was given for the proxy",
    })
    void saysWhatIsWrongWithTheProxysCertificate(String what, FailureKind kind, String text) throws Exception {
        Instant now = Instant.now();
        CertificateBuilder leaf = TlsPeers.leaf(what.equals("another name") ? "other.test" : PROXY_NAME);
        if (what.equals("expired")) {
            leaf.notBefore(now.minus(Duration.ofDays(2))).notAfter(now.minus(Duration.ofDays(1)));
        }
        X509Bundle shown = leaf.buildIssuedBy(what.equals("unknown issuer") ? TlsPeers.root("Stranger") : proxyRoot);
        ScriptedPeer proxy = proxy(TlsPeers.listen(shown), 1);
        UpstreamException failure = failureOf(attempt(server(proxy.named(), null)));

        assertEquals(kind, failure.kind());
        assertEquals("proxy-tls", failure.stage());
        assertEquals("proxy " + proxy.named(), failure.hop());
        assertTrue(failure.getMessage().contains(text), failure.getMessage());
        assertTrue(failure.getMessage().contains("issued by 'CN="), failure.getMessage());
    }

    @ParameterizedTest(name = "F126 https-proxy, plaintext-peer, {1}")
    @CsvSource({
        "'HTTP/1.1 400 Bad Request\r\n\r\n', TLS_OTHER, the proxy's port speaks plain HTTP: use http://",
        "'220 smtp ready\r\n', TLS_OTHER, it says '220 smtp ready",
        "'', CLOSED_BY_PEER, many take http:// only",
    })
    void recognisesAPortThatSpeaksNoTls(String says, FailureKind kind, String text) throws Exception {
        ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            connection.getInputStream().readNBytes(32);
            ScriptedPeer.send(connection, says.getBytes(StandardCharsets.US_ASCII));
            connection.shutdownOutput();
            ScriptedPeer.awaitEnd(connection);
        });
        open.add(proxy);
        UpstreamException failure = failureOf(attempt(server(proxy.named(), null)));

        assertEquals(kind, failure.kind(), failure.getMessage());
        assertEquals("proxy-tls", failure.stage());
        assertTrue(failure.getMessage().contains(text), failure.getMessage());
    }

    /** TLS 1.2, an ECDHE suite, and the extension of RFC 7301 that nobody asked for. */
    @Test
    @DisplayName("F127 https-proxy-alpn-h2")
    void refusesAProxyThatChoosesHttp2Unasked() throws Exception {
        String extensions = "0010000500030268 32".replace(" ", "");
        String hello = "0303" + "11".repeat(32) + "00" + "c02f" + "00" + "0009" + extensions;
        byte[] record = HexFormat.of().parseHex("1603030035" + "02000031" + hello);
        ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            connection.getInputStream().readNBytes(32);
            ScriptedPeer.send(connection, record);
            ScriptedPeer.awaitEnd(connection);
        });
        open.add(proxy);
        UpstreamException failure = failureOf(attempt(server(proxy.named(), null)));

        assertEquals(FailureKind.TLS_OTHER, failure.kind(), failure.getMessage());
        assertEquals("proxy-tls", failure.stage());
    }

    @Test
    void showsTheProxyTheCertificateThatWasGivenForIt() throws Exception {
        X509Bundle client = TlsPeers.root("Client");
        SSLServerSocket hub = hub(TlsPeers.leaf(HUB_NAME).buildIssuedBy(hubRoot));
        SSLServerSocket listener =
                (SSLServerSocket) TlsPeers.context(TlsPeers.leaf(PROXY_NAME).buildIssuedBy(proxyRoot), client)
                        .getServerSocketFactory()
                        .createServerSocket(0, 8, InetAddress.getLoopbackAddress());
        listener.setNeedClientAuth(true);
        ScriptedPeer proxy = proxy(listener, hub.getLocalPort());

        ClientCertificate certificate = ClientCertificate.of(client.getKeyPair().getPrivate(), client.getCertificate());
        attempt(server(proxy.named(), certificate))
                .get(30, TimeUnit.SECONDS)
                .close()
                .sync();
        UpstreamException without = failureOf(attempt(server(proxy.named(), null)));
        assertTrue(without.hop().startsWith("proxy "), without.getMessage());
    }
}
