// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
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
import io.upstream.connect.ScriptedNames;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.slf4j.LoggerFactory;

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

    /** One of RFC 1929's logins, whose password is the verdict; then the request, which is granted. Counts connections. */
    private void playLogin(Socket connection) throws IOException {
        requests.add("connection");
        DataInputStream in = new DataInputStream(connection.getInputStream());
        byte[] greeting = in.readNBytes(2 + 2);
        requests.add(HexFormat.of().formatHex(greeting));
        ScriptedPeer.send(connection, hex("0502"));
        in.readByte();
        in.readNBytes(in.readUnsignedByte());
        String password = new String(in.readNBytes(in.readUnsignedByte()), StandardCharsets.US_ASCII);
        requests.add(password);
        ScriptedPeer.send(connection, hex(password.equals("good") ? "0100" : "0101"));
        if (password.equals("good")) {
            in.readNBytes(4);
            in.readNBytes(in.read() + 2);
            ScriptedPeer.send(connection, hex(OPEN_5));
        }
        ScriptedPeer.awaitEnd(connection);
    }

    /** As an HTTP proxy's 407: what a vault had cached may have been changed meanwhile. */
    @ParameterizedTest
    @CsvSource({
        "old+good, connection 05020002 old connection 05020002 good, ''",
        "old+older+good, connection 05020002 old connection 05020002 older, does not take these credentials",
        "old+old, connection 05020002 old connection 05020002, does not take these credentials",
    })
    void asksOnceMoreForCredentialsThatAreRefused(String passwords, String heard, String failure) throws Exception {
        List<Boolean> rejected = new CopyOnWriteArrayList<>();
        BlockingQueue<String> next = new LinkedBlockingQueue<>(List.of(passwords.split("\\+")));
        try (ScriptedPeer proxy = ScriptedPeer.playing(this::playLogin)) {
            ProxyServer server = ProxyServer.of(ProxyKind.SOCKS5H, proxy.address(), ProxyAuthentication.of(request -> {
                rejected.add(request.rejected());
                return CompletableFuture.completedFuture(new UserPassword("bob", next.remove()));
            }));
            CompletableFuture<Channel> outcome = attempt(server, new HostPort("hub.invalid", 8883));
            if (failure.isEmpty()) {
                outcome.get(30, TimeUnit.SECONDS).close().sync();
            } else {
                UpstreamException refused = failureOf(outcome);
                assertEquals(FailureKind.PROXY_AUTH, refused.kind());
                assertTrue(refused.getMessage().contains(failure), refused.getMessage());
            }
        }
        assertEquals(List.of(false, true), rejected);
        assertEquals(heard, String.join(" ", requests));
    }

    @Test
    void givenCredentialsAreShownOnce() throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(this::playLogin)) {
            ProxyServer server = ProxyServer.of(
                    ProxyKind.SOCKS5H, proxy.address(), ProxyAuthentication.of(new UserPassword("bob", "bad")));
            UpstreamException refused = failureOf(attempt(server, new HostPort("hub.invalid", 8883)));
            assertEquals(FailureKind.PROXY_AUTH, refused.kind());
        }
        assertEquals("connection 05020002 bad", String.join(" ", requests));
    }

    /** The same rules as for Basic to a proxy that is not under TLS, since that is what it is. */
    @ParameterizedTest
    @CsvSource({
        "plain, Basic over plain text is switched off",
        "minimum, weaker than the minimum that is configured",
        "schemes, not among the schemes that are allowed",
    })
    void withholdsAPasswordThatMustNotGoOutInClear(String rule, String why) throws Exception {
        AtomicInteger asked = new AtomicInteger();
        for (boolean given : new boolean[] {true, false}) {
            ProxyAuthentication.Builder rules = ProxyAuthentication.builder();
            if (given) {
                rules.userPassword(new UserPassword("bob", "s3cret"));
            } else {
                rules.provider(request -> {
                    asked.incrementAndGet();
                    return CompletableFuture.completedFuture(new UserPassword("bob", "s3cret"));
                });
            }
            switch (rule) {
                case "plain" -> rules.allowBasicOverPlaintext(false);
                case "minimum" -> rules.minimum(ProxyAuthentication.Strength.DIGEST_MD5);
                default -> rules.schemes("Digest");
            }
            try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
                requests.add(
                        HexFormat.of().formatHex(connection.getInputStream().readNBytes(3)));
                ScriptedPeer.send(connection, hex("05ff"));
                ScriptedPeer.awaitEnd(connection);
            })) {
                ProxyServer server = ProxyServer.of(ProxyKind.SOCKS5H, proxy.address(), rules.build());
                UpstreamException refused = failureOf(attempt(server, new HostPort("hub.invalid", 8883)));
                assertEquals(FailureKind.PROXY_AUTH, refused.kind());
                assertTrue(refused.getMessage().contains(why), refused.getMessage());
                assertEquals("050100", requests.poll(20, TimeUnit.SECONDS), "it offers no login");
            }
        }
        assertEquals(0, asked.get());
    }

    @Test
    void aProxyThatWantsNoLoginIsShownNone() throws Exception {
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> {
            connection.getInputStream().read(); // the version; its greeting has an octet more with a login
            connection.getInputStream().readNBytes(3);
            ScriptedPeer.send(connection, hex("0500"));
            connection.getInputStream().readNBytes(18);
            ScriptedPeer.send(connection, hex(OPEN_5));
            ScriptedPeer.awaitEnd(connection);
        })) {
            ProxyServer server = ProxyServer.of(ProxyKind.SOCKS5H, proxy.address(), ProxyAuthentication.of(request -> {
                throw new IllegalStateException("nobody needs it");
            }));
            attempt(server, new HostPort("hub.invalid", 8883))
                    .get(30, TimeUnit.SECONDS)
                    .close()
                    .sync();
        }
    }

    @Test
    void warnsOnceThatThePasswordCanBeRead() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger(Socks5Dialogue.class);
        ListAppender<ILoggingEvent> appender = new ListAppender<>();
        appender.start();
        logger.addAppender(appender);
        Socks5Dialogue.WARNED.set(false);
        try (ScriptedPeer proxy = ScriptedPeer.playing(this::playLogin)) {
            ProxyServer server = ProxyServer.of(
                    ProxyKind.SOCKS5H, proxy.address(), ProxyAuthentication.of(new UserPassword("bob", "good")));
            for (int time = 1; time <= 2; time++) {
                attempt(server, new HostPort("hub.invalid", 8883))
                        .get(30, TimeUnit.SECONDS)
                        .close()
                        .sync();
            }
            assertEquals(
                    List.of("the password for proxy " + proxy.address() + " goes out in clear, readable on the way:"
                            + " use an https:// proxy or Digest (said once for this process)"),
                    appender.list.stream()
                            .map(ILoggingEvent::getFormattedMessage)
                            .toList());
        } finally {
            logger.detachAppender(appender);
        }
    }

    /** Each address over a connection of its own, one after the other: the families take turns, IPv4 first. */
    @ParameterizedTest
    @CsvSource({
        "SOCKS5, 04, c0000201 20010db8000000000000000000000001 c0000202 7f000001",
        "SOCKS5, 01, c0000201 20010db8000000000000000000000001 c0000202 7f000001",
        "SOCKS5, 08, c0000201 20010db8000000000000000000000001 c0000202 7f000001",
        "SOCKS5, '', c0000201 20010db8000000000000000000000001 c0000202 7f000001",
        "SOCKS4, 5b, c0000201 c0000202 7f000001",
    })
    void triesEveryAddressOfTheHub(ProxyKind kind, String refusal, String asked) throws Exception {
        ScriptedNames.on(runtime, "192.0.2.1", "192.0.2.2", "127.0.0.1", "2001:db8::1");
        try (ScriptedPeer proxy = ScriptedPeer.playing(connection -> refuse(connection, kind, refusal, "7f000001"))) {
            Channel channel = attempt(kind, proxy.address(), new HostPort("hub.test", 8883))
                    .get(30, TimeUnit.SECONDS);
            channel.close().sync();
        }
        assertEquals(asked, String.join(" ", requests));
    }

    @Test
    void tellsEveryAddressThatWasTried() throws Exception {
        ScriptedNames.on(runtime, "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5");
        try (ScriptedPeer proxy =
                ScriptedPeer.playing(connection -> refuse(connection, ProxyKind.SOCKS5, "05", "none"))) {
            UpstreamException failure =
                    failureOf(attempt(ProxyKind.SOCKS5, proxy.address(), new HostPort("hub.test", 8883)));
            assertEquals(FailureKind.PROXY_UNREACHABLE, failure.kind());
            assertTrue(
                    failure.getMessage().endsWith("(tried 192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4 and 1 more)"),
                    failure.getMessage());
            assertEquals(5, failure.getSuppressed().length);
        }
    }

    /** What its rules forbid is not asked for in other words. */
    @Test
    void doesNotTryAnotherAddressWhenTheProxyForbids() throws Exception {
        ScriptedNames.on(runtime, "192.0.2.1", "192.0.2.2");
        try (ScriptedPeer proxy =
                ScriptedPeer.playing(connection -> refuse(connection, ProxyKind.SOCKS5, "02", "none"))) {
            UpstreamException failure =
                    failureOf(attempt(ProxyKind.SOCKS5, proxy.address(), new HostPort("hub.test", 8883)));
            assertEquals(FailureKind.PROXY_DENIED, failure.kind());
        }
        assertEquals("c0000201", String.join(" ", requests));
    }

    /** Opens the way to one address only; with no refusal given, it leaves without a word. */
    private void refuse(Socket connection, ProxyKind kind, String refusal, String reachable) throws IOException {
        DataInputStream in = new DataInputStream(connection.getInputStream());
        boolean five = kind == ProxyKind.SOCKS5;
        byte[] head = in.readNBytes(five ? 3 : 4);
        if (five) {
            ScriptedPeer.send(connection, hex("0500"));
            head = in.readNBytes(4);
        }
        String address = HexFormat.of().formatHex(in.readNBytes(five && head[3] == 4 ? 16 : 4));
        in.readNBytes(five ? 2 : 1);
        requests.add(address);
        if (address.equals(reachable)) {
            ScriptedPeer.send(connection, hex(five ? OPEN_5 : OPEN_4));
        } else if (!refusal.isEmpty()) {
            ScriptedPeer.send(connection, hex(five ? "05" + refusal : "00" + refusal + "000000000000"));
        } else {
            return;
        }
        ScriptedPeer.awaitEnd(connection);
    }
}
