// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.Channel;
import io.netty.pkitesting.X509Bundle;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.PipelineNames;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What comes through a tunnel in place of the hub, wherever it is cut; F numbers are those of the list of faults. */
class InterceptionFaultsTest {
    private static final int SECONDS = 20;

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();

    @AfterEach
    void close() {
        runtime.close();
    }

    private UpstreamException failure(HostPort proxy) {
        UpstreamException failure = HubAttempt.failure(runtime, HubAttempt.through(ProxyServer.http(proxy)));
        assertEquals("tls", failure.stage(), failure.getMessage());
        assertEquals("hub hub.test:8883 (through proxy " + proxy + ")", failure.hop());
        return failure;
    }

    /** A RST may overtake the 2xx, which is lost then: so it is sent when the tunnel is open, before TLS has spoken or after. */
    @Test
    @DisplayName("F56 200-then-rst: reset by whoever is behind the tunnel, and worth another try")
    void isWorthAnotherTryWhenTheConnectionIsResetBehindTheTunnel() throws Exception {
        AtomicInteger heard = new AtomicInteger();
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            TlsPeers.openTunnel(connection);
            connection.getInputStream().readNBytes(heard.get());
            connection.setSoLinger(true, 0);
        })) {
            for (int octets : new int[] {1, 5, 6, 43, 100}) {
                heard.set(octets);
                UpstreamException failure = failure(proxy.address());
                assertTrue(
                        List.of(FailureKind.RESET, FailureKind.CLOSED_BY_PEER).contains(failure.kind()),
                        failure.getMessage());
                assertTrue(failure.isTransient());
            }
        }
    }

    @Test
    @DisplayName("F57 200-then-html: however the page is cut")
    void showsThePageHoweverItIsCut() throws Exception {
        byte[] page = "HTTP/1.1 200 OK\r\n\r\n<html>Please log in</html>".getBytes(StandardCharsets.US_ASCII);
        AtomicInteger cut = new AtomicInteger();
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            TlsPeers.openTunnel(connection);
            connection.getInputStream().read();
            ScriptedPeer.send(connection, pieces(page, cut.get()));
            ScriptedPeer.awaitEnd(connection);
        })) {
            for (int at = 0; at < page.length; at++) {
                cut.set(at);
                UpstreamException failure = failure(proxy.address());
                assertEquals(FailureKind.TLS_OTHER, failure.kind(), "cut at " + at);
                assertTrue(failure.getMessage().contains("something answers in place of hub"), failure.getMessage());
                assertTrue(failure.getMessage().contains("it says 'H"), failure.getMessage());
            }
        }
    }

    /** In two, or byte by byte. */
    private static byte[][] pieces(byte[] whole, int cut) {
        return cut == 0
                ? ScriptedPeer.octets(whole)
                : new byte[][] {Arrays.copyOf(whole, cut), Arrays.copyOfRange(whole, cut, whole.length)};
    }

    /** A proxy that takes longer than the hub may: the hub's TLS has not begun by then, and begins with the whole of its time. */
    @Test
    @DisplayName("F55 delayed-200: TLS begins behind it, and is not late")
    void beginsTlsWhenTheTunnelIsOpen(@TempDir Path directory) throws Exception {
        X509Bundle root = TlsPeers.root("Hub CA");
        Path trusted = Files.writeString(directory.resolve("hub.pem"), root.getCertificatePEM());
        X509Bundle hub = TlsPeers.leaf(HubAttempt.HUB.host()).buildIssuedBy(root);
        CountDownLatch silence = new CountDownLatch(1);
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            connection.setSoTimeout(1_500);
            assertSilentBehindTheRequest(connection);
            silence.countDown();
            connection.setSoTimeout(0);
            ScriptedPeer.send(connection, "HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            var tls = TlsPeers.over(connection, hub);
            tls.startHandshake();
            ScriptedPeer.awaitEnd(tls);
        })) {
            ConnectAttempt attempt = HubAttempt.start(
                    runtime,
                    HubAttempt.through(ProxyServer.http(proxy.address())),
                    Trust.systemAnd(trusted),
                    Duration.ofSeconds(SECONDS));
            Channel channel = attempt.outcome().toCompletableFuture().get(30, TimeUnit.SECONDS);
            assertNull(channel.pipeline().get(PipelineNames.TUNNEL));
            assertNotNull(channel.pipeline().get(PipelineNames.TLS));
            assertEquals(0, silence.getCount(), "nothing came before the answer");
            channel.close().sync();
        }
    }

    /** Until the socket's own limit for reading has passed. */
    private static void assertSilentBehindTheRequest(Socket connection) throws java.io.IOException {
        StringBuilder head = new StringBuilder();
        try {
            while (true) {
                int next = connection.getInputStream().read();
                if (next < 0) {
                    throw new java.io.IOException("the client has left");
                }
                head.append((char) next);
            }
        } catch (java.net.SocketTimeoutException e) {
            assertTrue(head.toString().endsWith("\r\n\r\n") && head.indexOf("\r\n\r\n") == head.length() - 4);
        }
    }
}
