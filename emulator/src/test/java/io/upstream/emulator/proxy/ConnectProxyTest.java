// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectProxyTest {
    private static final String OK = "HTTP/1.1 200 Connection established\r\n\r\n";

    @Test
    void carriesBytesBothWaysAndLogsThem() throws Exception {
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient client = new ProxyClient(proxy)) {
            assertEquals(OK, client.ask(ProxyClient.connect(target.authority())));
            try (Socket far = target.accept()) {
                client.send("ping!");
                assertEquals("ping!", text(far.getInputStream().readNBytes(5)));
                far.getOutputStream().write("pong".getBytes(StandardCharsets.US_ASCII));
                assertEquals("pong", client.read(4));
                AccessRecord line = proxy.accessLog().get(0);
                assertEquals(target.authority(), line.target());
                assertEquals(200, line.status());
                assertEquals(5, line.bytesUp());
                assertEquals(4, line.bytesDown());
                assertTrue(line.live());
                assertNull(line.user());
                assertEquals(1, proxy.liveTunnels());
            }
        }
    }

    @Test
    void readsARequestThatComesInSingleBytes() throws Exception {
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient client = new ProxyClient(proxy)) {
            for (char c : ProxyClient.connect(target.authority()).toCharArray()) {
                client.send(String.valueOf(c));
            }
            assertEquals(OK, client.readHead());
        }
    }

    @Test
    void routesANameToAnAddress() throws Exception {
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy = ConnectProxy.builder()
                        .route("hub.test:443", new InetSocketAddress(InetAddress.getLoopbackAddress(), target.port()))
                        .start();
                ProxyClient client = new ProxyClient(proxy)) {
            assertEquals(OK, client.ask(ProxyClient.connect("hub.test:443")));
            assertEquals("hub.test:443", proxy.accessLog().get(0).target());
        }
    }

    @Test
    void keepsTheConnectionOpenBehindA407AndLetsTheUserIn() throws Exception {
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy = ConnectProxy.builder()
                        .credentials("anna", "pa:ss")
                        .credentials("bert", "b")
                        .start();
                ProxyClient client = new ProxyClient(proxy)) {
            String head = client.ask(ProxyClient.connect(target.authority()));
            assertTrue(head.startsWith("HTTP/1.1 407 "), head);
            assertTrue(head.contains("\r\nProxy-Authenticate: Basic realm="), head);
            assertTrue(client.readBody(head).contains("<html>"));
            head = client.ask(ProxyClient.connect(target.authority(), ProxyClient.basic("anna", "wrong")));
            assertTrue(head.startsWith("HTTP/1.1 407 "), head);
            client.readBody(head);
            assertEquals(OK, client.ask(ProxyClient.connect(target.authority(), ProxyClient.basic("anna", "pa:ss"))));
            List<AccessRecord> log = proxy.accessLog();
            assertEquals(
                    List.of(407, 407, 200),
                    log.stream().map(AccessRecord::status).toList());
            assertEquals("anna", log.get(2).user());
            assertNull(log.get(1).user());
            assertFalse(proxy.url().contains("anna"));
            assertFalse(log.toString().contains("pa:ss"));
        }
    }

    @Test
    void refusesAPortThatIsNotAllowedWithAFramedPageAndServesTheNextRequest() throws Exception {
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy =
                        ConnectProxy.builder().allowPorts(443, target.port()).start();
                ProxyClient client = new ProxyClient(proxy)) {
            String head = client.ask(ProxyClient.connect("127.0.0.1:1"));
            assertTrue(head.startsWith("HTTP/1.1 403 "), head);
            assertTrue(client.readBody(head).contains("Forbidden"));
            assertEquals(OK, client.ask(ProxyClient.connect(target.authority())));
        }
    }

    @Test
    void answers503WhenTheTargetDoesNotListen() throws Exception {
        TargetServer gone = new TargetServer();
        gone.close();
        try (ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient client = new ProxyClient(proxy)) {
            String head = client.ask(ProxyClient.connect(gone.authority()));
            assertTrue(head.startsWith("HTTP/1.1 503 "), head);
            client.readBody(head);
            assertEquals("", client.readToEnd());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CONNECT a:1 HTTP/1.0\r\nHost: a:1\r\n\r\n",
                "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n",
                "CONNECT a:0 HTTP/1.1\r\nHost: a:0\r\n\r\n",
                "CONNECT a:65536 HTTP/1.1\r\nHost: a:65536\r\n\r\n",
                "CONNECT a:01 HTTP/1.1\r\nHost: a:01\r\n\r\n",
                "CONNECT u@a:1 HTTP/1.1\r\nHost: u@a:1\r\n\r\n",
                "CONNECT https://a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
                "CONNECT a:1/ HTTP/1.1\r\nHost: a:1/\r\n\r\n",
                "CONNECT [fe80::1%25eth0]:1 HTTP/1.1\r\nHost: [fe80::1%25eth0]:1\r\n\r\n",
                "CONNECT ::1:1 HTTP/1.1\r\nHost: ::1:1\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: A:1\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nHost: a:1\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost : a:1\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n folded\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nContent-Length: 0\r\n\r\n",
                "CONNECT  a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
                "connect a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
                "GET http://a:1/ HTTP/1.1\r\nHost: a:1\r\n\r\n",
                "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n\u0016\u0003\u0001",
                "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nProxy-Authorization: x\r\nProxy-Authorization: x\r\n\r\n",
            })
    void answers400ToAMalformedRequest(String request) throws Exception {
        try (ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient client = new ProxyClient(proxy)) {
            String head = client.ask(request);
            assertTrue(head.startsWith("HTTP/1.1 400 "), head);
            client.readBody(head);
            assertEquals("", client.readToEnd());
            assertEquals("-", proxy.accessLog().get(0).target());
        }
    }

    @Test
    void refusesARequestWithoutEnd() throws Exception {
        try (ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient client = new ProxyClient(proxy)) {
            client.send("CONNECT a:1 HTTP/1.1\r\nX: " + "a".repeat(17_000));
            assertTrue(client.readHead().startsWith("HTTP/1.1 400 "));
        }
    }

    @Test
    void passesOnTheEndOfOneDirectionWhileTheOtherFlows() throws Exception {
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient client = new ProxyClient(proxy)) {
            client.ask(ProxyClient.connect(target.authority()));
            try (Socket far = target.accept()) {
                client.send("last words");
                client.socket.shutdownOutput();
                assertEquals("last words", text(far.getInputStream().readAllBytes()));
                far.getOutputStream().write("heard".getBytes(StandardCharsets.US_ASCII));
                far.shutdownOutput();
                assertEquals("heard", client.readToEnd());
            }
            awaitNoTunnel(proxy);
            assertFalse(proxy.accessLog().get(0).live());
        }
    }

    @Test
    void stopsReadingWhileTheOtherSideDoesNotTake() throws Exception {
        byte[] sent = new byte[64 * 1024 * 1024];
        new Random(7).nextBytes(sent);
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient client = new ProxyClient(proxy)) {
            client.ask(ProxyClient.connect(target.authority()));
            try (Socket far = target.accept()) {
                CompletableFuture<Void> writing = CompletableFuture.runAsync(() -> write(client, sent));
                assertThrows(TimeoutException.class, () -> writing.get(1, TimeUnit.SECONDS));
                assertTrue(proxy.accessLog().get(0).bytesUp() < sent.length / 2, "the proxy buffers without bound");
                assertArrayEquals(sent, far.getInputStream().readNBytes(sent.length));
                writing.get(10, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void cutsEveryTunnelAndGoesOnServing() throws Exception {
        try (TargetServer target = new TargetServer();
                ConnectProxy proxy = ConnectProxy.builder().start();
                ProxyClient first = new ProxyClient(proxy);
                ProxyClient second = new ProxyClient(proxy)) {
            first.ask(ProxyClient.connect(target.authority()));
            second.ask(ProxyClient.connect(target.authority()));
            Socket far = target.accept();
            proxy.cutAll();
            assertEquals("", first.readToEnd());
            assertEquals("", second.readToEnd());
            assertEquals(-1, far.getInputStream().read());
            far.close();
            try (ProxyClient third = new ProxyClient(proxy)) {
                assertEquals(OK, third.ask(ProxyClient.connect(target.authority())));
            }
        }
    }

    @Test
    void closingLeavesNeitherListenerNorTunnel() throws Exception {
        try (TargetServer target = new TargetServer()) {
            ConnectProxy proxy = ConnectProxy.builder().start();
            ProxyClient client = new ProxyClient(proxy);
            client.ask(ProxyClient.connect(target.authority()));
            proxy.close();
            assertEquals("", client.readToEnd());
            client.close();
            assertEquals(0, proxy.liveTunnels());
            assertThrows(ConnectException.class, () -> new ProxyClient(proxy));
        }
    }

    private static void write(ProxyClient client, byte[] bytes) {
        try {
            client.socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void awaitNoTunnel(ConnectProxy proxy) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (proxy.liveTunnels() > 0 && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertEquals(0, proxy.liveTunnels());
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.US_ASCII);
    }
}
