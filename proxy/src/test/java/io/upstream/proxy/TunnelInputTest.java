// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyHeaders;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What we are told to send and must not; F numbers are those of the list of faults. */
class TunnelInputTest {
    private static final HostPort PROXY = new HostPort("proxy", 3128);
    private static final Where WHERE = new Where("tunnel", "proxy proxy:3128");

    static Stream<Arguments> inexpressible() {
        return Stream.of(
                Arguments.of("F115 crlf-user", "hub", "a\r\nX: y", "p"),
                Arguments.of("F115 crlf-password", "hub", "u", "hunter2\r\nX: y"),
                Arguments.of("F116 colon-user", "hub", "a:b", "hunter2"),
                Arguments.of("F117 300-char-label", "a".repeat(300), "u", "p"),
                Arguments.of("F117 64-char-label", "a".repeat(64), "u", "p"),
                Arguments.of("F117 empty label", "a..b", "u", "p"),
                Arguments.of("F119 zone-id-destination", "fe80::1%eth0", "u", "p"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("inexpressible")
    void failsBeforeAnythingIsSent(String name, String host, String user, String password) {
        EmbeddedChannel channel = new EmbeddedChannel();
        CompletableFuture<Void> tunnel = stage(
                        new HostPort(host, 443), ProxyAuthentication.of(new UserPassword(user, password)))
                .establish(channel, WHERE)
                .toCompletableFuture();
        CompletionException error = assertThrows(CompletionException.class, tunnel::join);
        UpstreamException failure = assertInstanceOf(UpstreamException.class, error.getCause());
        assertEquals(FailureKind.CONFIGURATION, failure.kind());
        assertFalse(failure.getMessage().contains("hunter2"), failure::getMessage);
        assertNull(channel.readOutbound());
        assertFalse(channel.finishAndReleaseAll());
    }

    static Stream<Arguments> impossible() {
        return Stream.of(
                Arguments.of("F115 crlf-host", (Runnable) () -> new HostPort("a\r\nX: y", 443)),
                Arguments.of("F115 crlf-header", (Runnable) () -> ProxyHeaders.DEFAULT.with("X", "a\r\nY: z")),
                Arguments.of("F117 nul-host", (Runnable) () -> new HostPort("a\u0000b", 443)),
                Arguments.of("F117 nul-user", (Runnable) () -> new UserPassword("a\u0000b", "p")),
                Arguments.of("F117 space-host", (Runnable) () -> new HostPort("a b", 443)),
                Arguments.of("F117 empty host", (Runnable) () -> new HostPort("", 443)),
                Arguments.of("F118 port-0", (Runnable) () -> new HostPort("hub", 0)),
                Arguments.of("F118 port 65536", (Runnable) () -> new HostPort("hub", 65_536)),
                Arguments.of("F118 port negative", (Runnable) () -> new HostPort("hub", -1)),
                Arguments.of("F121 user-dup-header Host", (Runnable) () -> ProxyHeaders.DEFAULT.with("Host", "x")),
                Arguments.of("F121 user-dup-header Proxy-Authorization", (Runnable)
                        () -> ProxyHeaders.DEFAULT.with("proxy-authorization", "x")),
                Arguments.of("F121 user-dup-header Content-Length", (Runnable)
                        () -> ProxyHeaders.DEFAULT.with("CONTENT-LENGTH", "5")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("impossible")
    void cannotEvenBeConfigured(String name, Runnable configures) {
        assertThrows(IllegalArgumentException.class, configures::run);
    }

    @Test
    @DisplayName("F120 idn-destination")
    void namesAnIdnDestinationByItsALabelInBothPlaces() {
        EmbeddedChannel channel = new EmbeddedChannel();
        CompletableFuture<Void> tunnel = stage(new HostPort("bücher.example", 443), ProxyAuthentication.NONE)
                .establish(channel, WHERE)
                .toCompletableFuture();
        ByteBuf request = channel.readOutbound();
        assertTrue(request.toString(StandardCharsets.UTF_8)
                .startsWith("CONNECT xn--bcher-kva.example:443 HTTP/1.1\r\nHost: xn--bcher-kva.example:443\r\n"));
        request.release();
        channel.close();
        assertTrue(tunnel.isCompletedExceptionally());
        assertFalse(channel.finishAndReleaseAll());
    }

    private static TunnelStage stage(HostPort target, ProxyAuthentication login) {
        return new TunnelStage(
                ProxyServer.of(ProxyKind.HTTP, PROXY, login), target, TunnelBench.newMemory(), TunnelLimits.DEFAULT);
    }
}
