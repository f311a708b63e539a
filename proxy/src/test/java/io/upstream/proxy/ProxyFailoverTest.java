// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which of several proxies is tried first, after one has failed. */
class ProxyFailoverTest {
    private static final HostPort HUB = new HostPort("hub.test", 8883);

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1); // it may run over
    private final ProxySettings three = settings("http://u:p@a:1,http://b:2,https://c:3");

    private ProxySettings settings(String proxies) {
        return ProxySettings.builder().clock(nanos::get).proxies(proxies).build();
    }

    @Test
    void triesAProxyThatFailedLastForFiveMinutes() throws UpstreamException {
        fail(three, 0, FailureKind.REFUSED);
        assertEquals("b c a", order(three));
        assertTrue(three.explain(HUB)
                .contains("else through proxy http://a:1 with credentials (which failed a short while ago)"));
        nanos.addAndGet(Duration.ofMinutes(5).toNanos() - 1);
        assertEquals("b c a", order(three));
        nanos.addAndGet(1);
        assertEquals("a b c", order(three));
        assertFalse(three.explain(HUB).contains("failed"));
    }

    @Test
    void keepsTheOrderAmongThoseThatFailed() throws UpstreamException {
        fail(three, 0, FailureKind.TIMEOUT);
        nanos.addAndGet(Duration.ofMinutes(1).toNanos());
        fail(three, 0, FailureKind.DNS);
        assertEquals("c a b", order(three));
        fail(three, 0, FailureKind.PROXY_UNREACHABLE);
        assertEquals("a b c", order(three));
        nanos.addAndGet(Duration.ofMinutes(4).toNanos());
        assertEquals("a b c", order(three));
    }

    /** 502, 503 and 504, and what SOCKS has for them: the proxy lives, and has tried. */
    @ParameterizedTest
    @EnumSource(
            value = FailureKind.class,
            names = {"PROXY_UNREACHABLE", "SERVER_ERROR"})
    void avoidsAProxyThatCannotReachOneHubForThatHubOnly(FailureKind kind) throws UpstreamException {
        HostPort other = new HostPort("other.test", 8883);
        fail(three, 0, kind);
        assertEquals("b c a", order(three));
        assertEquals("a b c", order(three, other));
        assertEquals("a b c", order(three, new HostPort("hub.test", 443)), "another port is another destination");
        assertTrue(three.explain(HUB).contains("else through proxy http://a:1 with credentials (which failed"));
        assertFalse(three.explain(other).contains("failed"));
        nanos.addAndGet(AvoidedProxies.WHILE.toNanos());
        assertEquals("a b c", order(three));
    }

    @ParameterizedTest
    @EnumSource(
            value = FailureKind.class,
            names = {"TIMEOUT", "UNREACHABLE", "REFUSED", "RESET", "DNS", "CLOSED_BY_PEER"})
    void avoidsAProxyThatCannotBeSpokenToForAll(FailureKind kind) throws UpstreamException {
        fail(three, 0, kind);
        assertEquals("b c a", order(three));
        assertEquals("b c a", order(three, new HostPort("other.test", 8883)));
    }

    @Test
    void forgetsTheOldestOfTooManyFindings() throws UpstreamException {
        ProxyServer first = (ProxyServer) three.routesTo(HUB).get(0);
        for (int i = 0; i <= AvoidedProxies.MAX_REMEMBERED; i++) {
            three.failed(
                    first,
                    new HostPort("hub-" + i, 443),
                    failure(FailureKind.PROXY_UNREACHABLE, "proxy " + first.address()));
        }
        assertEquals("a b c", order(three, new HostPort("hub-0", 443)));
        assertEquals("b c a", order(three, new HostPort("hub-1", 443)));
        assertEquals("b c a", order(three, new HostPort("hub-" + AvoidedProxies.MAX_REMEMBERED, 443)));
    }

    @Test
    void neverAddsTheDirectWay() throws UpstreamException {
        ProxySettings only = settings("a:1");
        fail(only, 0, FailureKind.REFUSED);
        assertEquals("a", order(only));
        ProxySettings listed = settings("a:1,direct://");
        fail(listed, 0, FailureKind.REFUSED);
        assertEquals("direct a", order(listed));
        listed.failed(Route.DIRECT, HUB, failure(FailureKind.REFUSED, "hub hub.test:8883"));
        assertEquals("direct a", order(listed));
    }

    @ParameterizedTest
    @EnumSource(
            value = FailureKind.class,
            names = {"PROXY_AUTH", "PROXY_DENIED", "TLS_TRUST", "TLS_NAME", "CONFIGURATION", "CLOSED", "PROTOCOL"})
    void doesNotAvoidAProxyThatRefuses(FailureKind kind) throws UpstreamException {
        fail(three, 0, kind);
        assertEquals("a b c", order(three));
    }

    @Test
    void doesNotAvoidAProxyForWhatLiesBehindIt() throws UpstreamException {
        three.failed(three.routesTo(HUB).get(0), HUB, failure(FailureKind.RESET, "hub hub.test:8883"));
        assertEquals("a b c", order(three));
    }

    @Test
    void giveEachProxyItsOwnCredentials() throws UpstreamException {
        fail(three, 0, FailureKind.REFUSED);
        for (Route route : three.routesTo(HUB)) {
            ProxyServer proxy = (ProxyServer) route;
            assertEquals(
                    proxy.address().host().equals("a"),
                    proxy.authentication().userPassword() != null,
                    proxy.toString());
        }
    }

    private static void fail(ProxySettings settings, int index, FailureKind kind) throws UpstreamException {
        ProxyServer proxy = (ProxyServer) settings.routesTo(HUB).get(index);
        settings.failed(proxy, HUB, failure(kind, "proxy " + proxy.address()));
    }

    private static UpstreamException failure(FailureKind kind, String hop) {
        return UpstreamException.of(kind, new Where("tcp", hop), "as told");
    }

    private static String order(ProxySettings settings) throws UpstreamException {
        return order(settings, HUB);
    }

    private static String order(ProxySettings settings, HostPort target) throws UpstreamException {
        List<Route> routes = settings.routesTo(target);
        return routes.stream()
                .map(route ->
                        route instanceof ProxyServer proxy ? proxy.address().host() : "direct")
                .collect(Collectors.joining(" "));
    }
}
