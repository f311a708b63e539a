// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyHeaders;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What comes to a proxy of settings that cannot be said to one, over sockets; F numbers are those of the list of faults. */
class TunnelInputFaultsTest {
    private final TunnelBench bench = new TunnelBench(ProxyMemory::ofAllSchemes);
    private ScriptedProxy proxy;

    @BeforeEach
    void start() throws Exception {
        proxy = ScriptedProxy.answering(ESTABLISHED);
    }

    @AfterEach
    void close() throws Exception {
        bench.close();
        proxy.close();
    }

    private @Nullable UpstreamException attempt(HostPort hub, ProxyServer server) throws Exception {
        TunnelStage tunnel = new TunnelStage(server, hub, ProxyMemory.ofAllSchemes(), TunnelBench.QUICK);
        return bench.attempt(server, tunnel, List.of());
    }

    static Stream<Arguments> inexpressible() {
        return Stream.of(
                Arguments.of("F115 crlf-user", "hub", "a\r\nX: y", "hunter2"),
                Arguments.of("F115 crlf-password", "hub", "u", "hunter2\r\nX: y"),
                Arguments.of("F116 colon-user", "hub", "a:b", "hunter2"),
                Arguments.of("F117 300-char-label", "a".repeat(300), "u", "hunter2"),
                Arguments.of("F117 64-char-label", "a".repeat(64), "u", "hunter2"),
                Arguments.of("F117 empty label", "a..b", "u", "hunter2"),
                Arguments.of("F119 zone-id-destination", "fe80::1%eth0", "u", "hunter2"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("inexpressible")
    void sendsTheProxyNothing(String name, String host, String user, String password) throws Exception {
        ProxyServer server = ProxyServer.of(
                ProxyKind.HTTP, proxy.address(), ProxyAuthentication.of(new UserPassword(user, password)));
        UpstreamException failure = attempt(new HostPort(host, 443), server);
        assertNotNull(failure, "the tunnel must not open");
        assertEquals(FailureKind.CONFIGURATION, failure.kind(), failure.getMessage());
        assertFalse(failure.getMessage().contains("hunter2"), failure::getMessage);
        assertEquals(List.of(), proxy.requests());
    }

    /** Settings that come from a URL and a name of a hub are refused before there is a socket. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("unusable")
    void opensNoSocket(String name, String url, String host) {
        ProxySettings settings =
                ProxySettings.fromUrl(url.replace("proxy", proxy.address().toString()));
        UpstreamException failure =
                HubAttempt.failure(bench.runtime, target -> settings.routesTo(new HostPort(host, target.port())));
        assertEquals(FailureKind.CONFIGURATION, failure.kind(), failure.getMessage());
        assertFalse(failure.getMessage().contains("hunter2"), failure::getMessage);
        assertEquals(0, proxy.connections());
    }

    static Stream<Arguments> unusable() {
        return Stream.of(
                Arguments.of("F115 crlf-user, in a URL", "http://a%0d%0aX:hunter2@proxy", "hub"),
                Arguments.of("F115 crlf-password, in a URL", "http://u:hunter2%0d%0aX@proxy", "hub"),
                Arguments.of("F117 empty label, by settings", "http://proxy", "a..b"),
                Arguments.of("F118 port-0, in a URL", "http://127.0.0.1:0", "hub"),
                Arguments.of("F118 port-65536, in a URL", "http://127.0.0.1:65536", "hub"),
                Arguments.of("F118 port-negative, in a URL", "http://127.0.0.1:-1", "hub"),
                Arguments.of("F119 zone-id-destination, by settings", "http://proxy", "fe80::1%eth0"));
    }

    @Test
    @DisplayName("F120 idn-destination: its A-label in both places")
    void namesAnIdnDestinationByItsALabel() throws Exception {
        assertNull(attempt(new HostPort("bücher.example", 443), ProxyServer.http(proxy.address())));
        String request = proxy.request();
        assertTrue(
                request.startsWith("CONNECT xn--bcher-kva.example:443 HTTP/1.1\r\nHost: xn--bcher-kva.example:443\r\n"),
                request);
    }

    @Test
    @DisplayName("F121 user-dup-header: each field of a CONNECT goes out once")
    void sendsEachFieldOnce() throws Exception {
        ProxyAuthentication unasked = ProxyAuthentication.builder()
                .userPassword(TunnelBench.LOGIN)
                .basicUnasked(true)
                .build();
        ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), unasked)
                .withHeaders(ProxyHeaders.DEFAULT.with("X-Site", "gate 7"));
        assertNull(attempt(TunnelBench.HUB, server));
        String request = proxy.request();
        for (String field : List.of("Host", "Proxy-Authorization", "User-Agent", "Proxy-Connection", "X-Site")) {
            assertEquals(
                    1,
                    Pattern.compile("(?im)^" + field + ": ")
                            .matcher(request)
                            .results()
                            .count(),
                    request);
        }
    }
}
