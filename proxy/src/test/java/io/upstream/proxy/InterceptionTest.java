// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.pkitesting.X509Bundle;
import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.ProxyServer;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.LowerLayers;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Proxies that open the tunnel and then are not the hub. */
class InterceptionTest {
    private static final String HUB_NAME = "hub.test";
    private static final Duration AMPLE = Duration.ofSeconds(20);

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    @AfterEach
    void close() {
        runtime.close();
    }

    private UpstreamException failure(ScriptedPeer proxy, Duration budget, Credentials credentials) {
        ProxyServer server = ProxyServer.http(proxy.address());
        UpstreamOptions options = UpstreamOptions.forHub(HUB_NAME)
                .protocol(UpstreamProtocol.MQTT)
                .proxy(target -> List.of(server))
                .build();
        LowerLayers layers = new LowerLayers(
                options, UpstreamProtocol.MQTT, runtime, ProxyLayers::towards, (target, path, subprotocol) -> {
                    throw new AssertionError("no WebSocket is wanted");
                });
        CompletableFuture<Channel> outcome = ConnectAttempt.start(runtime, budget, () -> layers.plan(credentials))
                .outcome()
                .toCompletableFuture();
        UpstreamException failure =
                (UpstreamException) assertThrows(ExecutionException.class, () -> outcome.get(30, TimeUnit.SECONDS))
                        .getCause();
        assertEquals("tls", failure.stage(), failure.getMessage());
        assertEquals("hub hub.test:8883 (through proxy " + proxy.address() + ")", failure.hop());
        return failure;
    }

    private static SasKey key() {
        return SasKey.of("a2V5");
    }

    @Test
    @DisplayName("F56 200-then-rst")
    void aResetBehindTheTunnelIsTransient() throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            TlsPeers.openTunnel(connection);
            connection.getInputStream().read();
            connection.setSoLinger(true, 0);
        })) {
            UpstreamException failure = failure(proxy, AMPLE, key());
            assertTrue(
                    List.of(FailureKind.RESET, FailureKind.CLOSED_BY_PEER).contains(failure.kind()),
                    failure.getMessage());
            assertTrue(failure.isTransient());
        }
    }

    @ParameterizedTest(name = "F57 200-then-html, {1}")
    @CsvSource({
        "'HTTP/1.1 200 OK\r\n\r\n<html>Please log in', HTTP/1.1 200 OK....<html>Please log in",
        "'220 mail\u0007\u00e9', 220 mail..",
        "'AMQP\u0003\u0001\u0000\u0000', AMQP....",
    })
    void showsWhatAnswersInTheHubsPlace(String says, String shown) throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            TlsPeers.openTunnel(connection);
            connection.getInputStream().read();
            ScriptedPeer.send(connection, says.getBytes(StandardCharsets.ISO_8859_1));
            ScriptedPeer.awaitEnd(connection);
        })) {
            UpstreamException failure = failure(proxy, AMPLE, key());
            assertEquals(FailureKind.TLS_OTHER, failure.kind());
            assertTrue(failure.getMessage().startsWith("something answers in place of hub"), failure.getMessage());
            assertTrue(failure.getMessage().contains("it says '" + shown + "'"), failure.getMessage());
            assertTrue(failure.getMessage().contains("bypass for " + HUB_NAME), failure.getMessage());
        }
    }

    @Test
    void showsNoMoreThan64CharactersOfIt() throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            TlsPeers.openTunnel(connection);
            connection.getInputStream().read();
            ScriptedPeer.send(connection, "x".repeat(5_000).getBytes(StandardCharsets.US_ASCII));
            ScriptedPeer.awaitEnd(connection);
        })) {
            String message = failure(proxy, AMPLE, key()).getMessage();
            assertTrue(message.contains("'" + "x".repeat(64) + "'"), message);
        }
    }

    @Test
    @DisplayName("F58 200-then-silence")
    void silenceBehindTheTunnelIsBlamedOnTls() throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            TlsPeers.openTunnel(connection);
            ScriptedPeer.awaitEnd(connection);
        })) {
            assertEquals(
                    FailureKind.TIMEOUT,
                    failure(proxy, Duration.ofSeconds(2), key()).kind());
        }
    }

    @ParameterizedTest(name = "F59 200-wrong-cert, with a certificate of ours: {0}")
    @ValueSource(booleans = {false, true})
    void namesTheCertificateOfAnInspectingProxy(boolean withCertificate) throws Exception {
        X509Bundle inspector = TlsPeers.root("Inspector of the site");
        X509Bundle forged = TlsPeers.leaf(HUB_NAME).buildIssuedBy(inspector);
        X509Bundle device = TlsPeers.root("Device");
        Credentials credentials = withCertificate
                ? ClientCertificate.of(device.getKeyPair().getPrivate(), device.getCertificate())
                : key();
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            TlsPeers.openTunnel(connection);
            TlsPeers.over(connection, forged).startHandshake();
        })) {
            UpstreamException failure = failure(proxy, AMPLE, credentials);
            String message = failure.getMessage();
            String digest = HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(forged.getCertificate().getEncoded()));

            assertEquals(FailureKind.TLS_TRUST, failure.kind());
            assertFalse(failure.isTransient());
            assertTrue(message.contains("issued by 'CN=Inspector of the site' to 'CN=hub.test'"), message);
            assertTrue(message.contains("SHA-256 " + digest), message);
            assertTrue(
                    message.contains(
                            "a TLS-inspecting proxy? add its CA to the trust bundle or ask for a bypass for hub.test"),
                    message);
            assertEquals(
                    withCertificate, message.contains("X.509 certificate is impossible through inspection"), message);
        }
    }
}
