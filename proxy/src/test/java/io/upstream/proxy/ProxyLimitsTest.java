// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.FreshConnection;
import io.upstream.connect.ScriptedNames;
import io.upstream.connect.Silence;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** P11, the rows of the layers with a proxy, by a clock that the test moves. */
class ProxyLimitsTest {
    private static final HostPort HUB = new HostPort("hub.test", 8883);
    private static final HostPort PROXY = new HostPort("p.test", 1080);
    private static final Duration SILENCE = Duration.ofSeconds(10);
    private static final Duration SLOW = Duration.ofSeconds(30);

    private final Silence silence = new Silence();

    @AfterEach
    void close() {
        silence.close();
    }

    private static ConnectStage tunnel(ProxyAuthentication authentication) {
        return new TunnelStage(
                ProxyServer.of(ProxyKind.HTTP, PROXY, authentication),
                HUB,
                ProxyMemory.ofAllSchemes(),
                TunnelLimits.DEFAULT);
    }

    private static ConnectStage socks(ProxyKind kind, ProxyAuthentication authentication, String... addresses)
            throws UpstreamException {
        return new SocksStage(
                ProxyServer.of(kind, PROXY, authentication),
                HUB,
                ScriptedNames.lookup(addresses),
                ScriptedNames.order());
    }

    private void hear(String text) {
        silence.channel.writeInbound(Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII));
    }

    private void hearHex(String hex) {
        silence.channel.writeInbound(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)));
    }

    @Test
    void aSilentHttpProxyHasTenSecondsWhereThereIsAnotherWay() {
        silence.with(tunnel(ProxyAuthentication.NONE), SILENCE).endsAfter(SILENCE, "tunnel");
    }

    /** It may be slow because the hub is: then nothing is gained by giving up. */
    @Test
    void aSlowHttpProxyThatIsTheOnlyWayHasThirty() {
        silence.with(tunnel(ProxyAuthentication.NONE)).pass(SLOW.minusMillis(1));
        silence.goesOn();
        silence.pass(Duration.ofMillis(1));
        assertEquals(FailureKind.TIMEOUT, ((UpstreamException) silence.failure()).kind());
    }

    @Test
    void anHttpProxyThatStopsInTheMiddleHasTen() {
        silence.with(tunnel(ProxyAuthentication.NONE)).pass(Duration.ofSeconds(15));
        hear("HTTP/1.1 200 Conn");
        silence.endsAfter(SILENCE, "tunnel");
    }

    @ParameterizedTest
    @EnumSource(
            value = ProxyKind.class,
            names = {"SOCKS5", "SOCKS5H", "SOCKS4", "SOCKS4A"})
    void aSilentSocksProxyHasTenSecondsWhereThereIsAnotherWay(ProxyKind kind) throws UpstreamException {
        silence.with(socks(kind, ProxyAuthentication.NONE, "192.0.2.1"), SILENCE);
        silence.channel.runPendingTasks();
        silence.endsAfter(SILENCE, "socks");
    }

    @Test
    void aSlowSocksProxyThatIsTheOnlyWayHasThirty() throws UpstreamException {
        silence.with(socks(ProxyKind.SOCKS5H, ProxyAuthentication.NONE)).pass(Duration.ofSeconds(15));
        hearHex("0500");
        silence.pass(Duration.ofSeconds(29));
        hearHex("05");
        silence.endsAfter(SILENCE, "socks");
    }

    /** Whoever is asked here has a limit of his own, and the proxy is not to blame. */
    @Test
    void whoProvidesTheCredentialsForSocksHasThirtySeconds() throws UpstreamException {
        silence.with(
                socks(ProxyKind.SOCKS5H, ProxyAuthentication.of(request -> new CompletableFuture<UserPassword>())),
                SILENCE);
        hearHex("0502");
        silence.pass(SLOW.minusMillis(1));
        silence.goesOn();
        silence.pass(Duration.ofMillis(1));
        UpstreamException failure = assertInstanceOf(UpstreamException.class, silence.failure());
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertTrue(failure.getMessage().contains("nobody had credentials for"), failure.getMessage());
    }

    @Test
    void whoProvidesTheCredentialsForATunnelHasThirtySeconds() {
        silence.with(tunnel(ProxyAuthentication.of(request -> new CompletableFuture<UserPassword>())), SILENCE);
        hear("HTTP/1.1 407 No\r\nContent-Length: 0\r\nProxy-Authenticate: Basic realm=\"r\"\r\n\r\n");
        silence.pass(SLOW.minusMillis(1));
        silence.goesOn();
        silence.pass(Duration.ofMillis(1));
        UpstreamException failure = assertInstanceOf(UpstreamException.class, silence.failure());
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertTrue(failure.getMessage().contains("the provider of the credentials for"), failure.getMessage());
    }

    /** From when it is asked for: not from when the dialogue began. */
    @Test
    void oneAddressOfTheHubHasEightSecondsWhileThereIsAnother() throws UpstreamException {
        CompletableFuture<UserPassword> login = new CompletableFuture<>();
        ConnectStage socks =
                socks(ProxyKind.SOCKS5, ProxyAuthentication.of(request -> login), "192.0.2.1", "192.0.2.2");
        silence.with(socks, SILENCE);
        silence.channel.runPendingTasks();
        hearHex("0502");
        silence.pass(Duration.ofSeconds(20));
        login.complete(new UserPassword("bob", "s3cret"));
        silence.channel.runPendingTasks();
        silence.pass(Duration.ofSeconds(5));
        hearHex("0100");
        silence.pass(Duration.ofMillis(7_999));
        silence.goesOn();
        silence.pass(Duration.ofMillis(1));
        UpstreamException failure =
                assertInstanceOf(FreshConnection.class, silence.failure()).otherwise();
        assertEquals(FailureKind.PROXY_UNREACHABLE, failure.kind());
        assertTrue(failure.getMessage().contains("to hub.test:8883 at 192.0.2.1 within 8 s"), failure.getMessage());
    }
}
