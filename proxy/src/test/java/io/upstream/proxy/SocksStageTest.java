// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectAttempt;
import io.upstream.connect.ConnectPlan;
import io.upstream.connect.PipelineNames;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Whole attempts through a scripted SOCKS proxy, over real sockets. */
class SocksStageTest {
    private static final Duration BUDGET = Duration.ofSeconds(20);
    private static final String OPEN_5 = "05000001000000000000";
    private static final String OPEN_4 = "005a000000000000";

    private final UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build();
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        runtime.close();
    }

    private CompletableFuture<Channel> attempt(ProxyKind kind, HostPort proxy, HostPort hub) {
        return attempt(ProxyServer.of(kind, proxy, ProxyAuthentication.NONE), hub);
    }

    private CompletableFuture<Channel> attempt(ProxyServer server, HostPort hub) {
        return ConnectAttempt.start(
                        runtime,
                        BUDGET,
                        () -> ConnectPlan.to(hub).through(server, ProxyLayers.towards(server, hub, runtime)))
                .outcome()
                .toCompletableFuture();
    }

    private static UpstreamException failureOf(CompletableFuture<Channel> outcome) {
        return (UpstreamException) assertThrows(ExecutionException.class, () -> outcome.get(30, TimeUnit.SECONDS))
                .getCause();
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    /** Answers octet by octet; keeps the request. */
    private void play5(Socket connection) throws IOException {
        DataInputStream in = new DataInputStream(connection.getInputStream());
        in.readNBytes(3);
        ScriptedPeer.send(connection, ScriptedPeer.octets(hex("0500")));
        byte[] head = in.readNBytes(4);
        byte[] address = switch (head[3]) {
            case 1 -> in.readNBytes(4);
            case 3 -> in.readNBytes(in.read());
            default -> in.readNBytes(16);
        };
        in.readNBytes(2);
        requests.add(
                head[3] == 3
                        ? new String(address, StandardCharsets.US_ASCII)
                        : HexFormat.of().formatHex(address));
        ScriptedPeer.send(connection, ScriptedPeer.octets(hex(OPEN_5)));
        ScriptedPeer.awaitEnd(connection);
    }

    private void play4(Socket connection) throws IOException {
        DataInputStream in = new DataInputStream(connection.getInputStream());
        byte[] head = in.readNBytes(9);
        String address = HexFormat.of().formatHex(head, 4, 8);
        if (address.equals("00000001")) {
            StringBuilder name = new StringBuilder();
            for (int c = in.read(); c > 0; c = in.read()) {
                name.append((char) c);
            }
            address = name.toString();
        }
        requests.add(address);
        ScriptedPeer.send(connection, ScriptedPeer.octets(hex(OPEN_4)));
        ScriptedPeer.awaitEnd(connection);
    }

    /** {@code localhost} is the one name that resolves everywhere; the others need not. */
    @ParameterizedTest
    @CsvSource({
        "SOCKS5H, hub.invalid, hub.invalid",
        "SOCKS5H, 192.0.2.7, c0000207",
        "SOCKS5H, 2001:db8::1, 20010db8000000000000000000000001",
        "SOCKS5, localhost, 7f000001",
        "SOCKS5, 2001:db8::1, 20010db8000000000000000000000001",
        "SOCKS4A, hub.invalid, hub.invalid",
        "SOCKS4A, 192.0.2.7, c0000207",
        "SOCKS4, localhost, 7f000001",
    })
    void asksForTheHubByNameOrByAddress(ProxyKind kind, String hub, String asked) throws Exception {
        boolean five = kind == ProxyKind.SOCKS5 || kind == ProxyKind.SOCKS5H;
        try (ScriptedPeer proxy = ScriptedPeer.playing(five ? this::play5 : this::play4)) {
            Channel channel =
                    attempt(kind, proxy.address(), new HostPort(hub, 8883)).get(30, TimeUnit.SECONDS);
            assertEquals(asked, requests.poll(20, TimeUnit.SECONDS));
            assertNull(channel.pipeline().get(PipelineNames.SOCKS));
            channel.close().sync();
        }
    }

    @Test
    void blamesTheHubsNameWhenItDoesNotResolveHere() throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(ScriptedPeer::awaitEnd)) {
            HostPort hub = new HostPort("nowhere.invalid", 8883);
            UpstreamException failure = failureOf(attempt(ProxyKind.SOCKS5, proxy.address(), hub));
            assertEquals(FailureKind.DNS, failure.kind());
            assertEquals("hub " + hub, failure.hop());
        }
    }

    @ParameterizedTest
    @CsvSource({"SOCKS4, 2001:db8::1", "SOCKS4A, 2001:db8::1"})
    void saysThatVersion4KnowsNoIpv6(ProxyKind kind, String hub) throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(ScriptedPeer::awaitEnd)) {
            UpstreamException failure = failureOf(attempt(kind, proxy.address(), new HostPort(hub, 8883)));
            assertEquals(FailureKind.CONFIGURATION, failure.kind());
            assertTrue(failure.getMessage().contains("use socks5h://"), failure.getMessage());
        }
    }

    @ParameterizedTest
    @CsvSource({"SOCKS5, 256, 0", "SOCKS5H, 1, 256", "SOCKS4, 1, 1"})
    void refusesCredentialsThatCannotBeSaid(ProxyKind kind, int user, int password) {
        ProxyServer server = ProxyServer.of(
                kind,
                new HostPort("p", 1080),
                ProxyAuthentication.of(new UserPassword("u".repeat(user), "p".repeat(password))));
        UpstreamException failure = assertThrows(
                UpstreamException.class, () -> ProxyLayers.towards(server, new HostPort("h", 8883), runtime));
        assertEquals(FailureKind.CONFIGURATION, failure.kind());
        assertTrue(failure.getMessage().contains("socks"), failure.getMessage());
    }

    @ParameterizedTest
    @EnumSource(
            value = ProxyKind.class,
            names = {"SOCKS5", "SOCKS4A"})
    void anHttpProxyOnTheSocksPortIsRecognised(ProxyKind kind) throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            connection.getInputStream().read();
            ScriptedPeer.send(connection, "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            ScriptedPeer.awaitEnd(connection);
        })) {
            UpstreamException failure = failureOf(attempt(kind, proxy.address(), new HostPort("192.0.2.7", 8883)));
            assertEquals(FailureKind.PROTOCOL, failure.kind());
            assertTrue(failure.getMessage().contains("speaks HTTP: write http://"), failure.getMessage());
        }
    }

    /** By a provider that answers on a thread of its own, or not at all. */
    @ParameterizedTest
    @CsvSource({"s3cret, ''", "'', there are no credentials for proxy"})
    void asksAProviderForTheCredentials(String password, String failure) throws Exception {
        CompletableFuture<String> login = new CompletableFuture<>();
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            connection.getInputStream().readNBytes(4);
            ScriptedPeer.send(connection, hex("0502"));
            login.complete(new String(connection.getInputStream().readNBytes(12), StandardCharsets.US_ASCII));
            ScriptedPeer.send(connection, hex("0101"));
            ScriptedPeer.awaitEnd(connection);
        })) {
            ProxyServer server = ProxyServer.of(
                    ProxyKind.SOCKS5H,
                    proxy.address(),
                    ProxyAuthentication.of(request -> CompletableFuture.supplyAsync(() -> {
                        if (password.isEmpty()) {
                            throw new IllegalStateException("thrown on purpose by a test");
                        }
                        return new UserPassword("bob", password);
                    })));
            UpstreamException refused = failureOf(attempt(server, new HostPort("hub.invalid", 8883)));
            assertEquals(FailureKind.PROXY_AUTH, refused.kind());
            assertTrue(
                    refused.getMessage().contains(failure.isEmpty() ? "does not take these credentials" : failure),
                    refused.getMessage());
            if (failure.isEmpty()) {
                assertEquals("\u0001\u0003bob\u0006" + password, login.get(20, TimeUnit.SECONDS));
            }
        }
    }

    /** What stands behind the proxy hears what is sent next, and is heard. */
    @Test
    void leavesTheConnectionToTheLayersAbove() throws Exception {
        CompletableFuture<byte[]> heard = new CompletableFuture<>();
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            connection.getInputStream().readNBytes(3);
            ScriptedPeer.send(connection, hex("0500"));
            connection.getInputStream().readNBytes(18);
            ScriptedPeer.send(connection, hex(OPEN_5));
            heard.complete(connection.getInputStream().readNBytes(5));
        })) {
            Channel channel = attempt(ProxyKind.SOCKS5H, proxy.address(), new HostPort("hub.invalid", 8883))
                    .get(30, TimeUnit.SECONDS);
            channel.writeAndFlush(Unpooled.copiedBuffer("hello", StandardCharsets.US_ASCII));
            assertArrayEquals("hello".getBytes(StandardCharsets.US_ASCII), heard.get(20, TimeUnit.SECONDS));
            channel.close().sync();
        }
    }
}
