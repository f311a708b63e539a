// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SelectorProxiesTest {
    private static final HostPort HUB = new HostPort("hub.test", 8883);

    /** Answers as told, and writes down what it is asked and told. */
    private static final class Scripted extends ProxySelector {
        private final Function<URI, @Nullable List<Proxy>> answer;
        private final List<String> asked = new ArrayList<>();

        Scripted(Function<URI, @Nullable List<Proxy>> answer) {
            this.answer = answer;
        }

        @Override
        @SuppressWarnings("NullAway") // on purpose
        public List<Proxy> select(URI uri) {
            asked.add("select " + uri);
            return answer.apply(uri);
        }

        @Override
        public void connectFailed(URI uri, SocketAddress address, IOException why) {
            asked.add("failed " + uri + " " + ((InetSocketAddress) address).getHostString() + " " + why.getMessage());
        }
    }

    private static Scripted naming(Proxy... proxies) {
        return new Scripted(uri -> Arrays.asList(proxies));
    }

    private static Proxy http(String host, int port) {
        return new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(host, port));
    }

    private static Proxy socks(String host, int port) {
        return new Proxy(Proxy.Type.SOCKS, InetSocketAddress.createUnresolved(host, port));
    }

    private static ProxySettings settings(ProxySelector selector) {
        return ProxySettings.builder().selector(selector).build();
    }

    private static UpstreamException unreachable(String proxy) {
        return UpstreamException.of(FailureKind.REFUSED, new Where("tcp", "proxy " + proxy), "nobody listens");
    }

    @Test
    void takesAllEntriesInTheirOrder() throws UpstreamException {
        Scripted selector = naming(http("a", 1), Proxy.NO_PROXY, socks("b", 2), http("a", 1));
        assertEquals(
                "[http://a:1, " + Route.DIRECT + ", socks5h://b:2]",
                settings(selector).routesTo(HUB).toString());
        assertEquals(List.of("select https://hub.test:8883"), selector.asked);
    }

    /** P23: the choice of the proxy. */
    @Test
    void asksForEachDestinationAnew() throws UpstreamException {
        Scripted selector = new Scripted(
                uri -> List.of(uri.getHost().endsWith(".corp") ? Proxy.NO_PROXY : http("p-" + uri.getPort(), 1)));
        ProxySettings settings = settings(selector);
        assertEquals("[http://p-8883:1]", settings.routesTo(HUB).toString());
        assertEquals("[http://p-8883:1]", settings.routesTo(HUB).toString());
        assertEquals(
                "[http://p-443:1]",
                settings.routesTo(new HostPort("2001:db8::1", 443)).toString());
        assertEquals(List.of(Route.DIRECT), settings.routesTo(new HostPort("edge.corp", 443)));
        assertEquals(List.of(Route.DIRECT), settings.routesTo(new HostPort("localhost", 443)));
        assertEquals(List.of(Route.DIRECT), settings.routesTo(new HostPort("b\u00fccher.corp", 443)));
        assertEquals(
                List.of(
                        "select https://hub.test:8883",
                        "select https://hub.test:8883",
                        "select https://[2001:db8::1]:443",
                        "select https://edge.corp:443",
                        "select https://xn--bcher-kva.corp:443"),
                selector.asked);
    }

    @Test
    void tellsTheSelectorOfAProxyThatCouldNotBeReached() throws UpstreamException {
        Scripted selector = naming(http("a", 1), http("b", 2));
        ProxySettings settings = settings(selector);
        Route first = settings.routesTo(HUB).get(0);
        settings.failed(first, HUB, unreachable("a:1"));
        assertEquals("[http://b:2, http://a:1]", settings.routesTo(HUB).toString());
        settings.routesTo(HUB);
        assertEquals(
                List.of(
                        "select https://hub.test:8883",
                        "failed https://hub.test:8883 a nobody listens",
                        "select https://hub.test:8883",
                        "select https://hub.test:8883"),
                selector.asked);
    }

    @Test
    void doesNotTellTheSelectorOfWhatLiesBehindAProxy() throws UpstreamException {
        Scripted selector = naming(http("a", 1), http("b", 2));
        ProxySettings settings = settings(selector);
        Route first = settings.routesTo(HUB).get(0);
        settings.failed(
                first, HUB, UpstreamException.of(FailureKind.PROXY_AUTH, new Where("tunnel", "proxy a:1"), "407"));
        settings.failed(
                first,
                HUB,
                UpstreamException.of(FailureKind.PROXY_UNREACHABLE, new Where("tunnel", "proxy a:1"), "502"));
        settings.failed(
                first, HUB, UpstreamException.of(FailureKind.RESET, new Where("tls", "hub hub.test:8883"), "reset"));
        settings.failed(
                Route.DIRECT, HUB, UpstreamException.of(FailureKind.RESET, new Where("tcp", "hub hub.test:8883"), ""));
        assertEquals("[http://b:2, http://a:1]", settings.routesTo(HUB).toString(), "for this hub");
        assertEquals(List.of("select https://hub.test:8883", "select https://hub.test:8883"), selector.asked);
    }

    static Stream<Arguments> unusable() {
        return Stream.of(
                Arguments.of("nothing", naming(), "names no way to hub.test:8883"),
                Arguments.of("null", new Scripted(uri -> null), "names no way to hub.test:8883"),
                Arguments.of("a null entry", naming((Proxy) null), "a proxy that is null"),
                Arguments.of("port 0", naming(http("a", 0)), "names a proxy that cannot be used"),
                Arguments.of("no host", naming(http("a b", 1)), "names a proxy that cannot be used"),
                Arguments.of(
                        "an exception",
                        new Scripted(uri -> {
                            throw new IllegalStateException("hunter2");
                        }),
                        "failed for hub.test:8883 with java.lang.IllegalStateException"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("unusable")
    void neverGoesDirectWhenTheSelectorIsOfNoUse(String name, ProxySelector selector, String why) {
        UpstreamException error =
                assertThrows(UpstreamException.class, () -> settings(selector).routesTo(HUB));
        assertEquals(FailureKind.CONFIGURATION, error.kind());
        String message = String.valueOf(error.getMessage());
        assertTrue(message.contains(why) && !message.contains("hunter2"), message);
        assertTrue(settings(selector).explain(HUB).contains("error, the proxy selector "));
    }

    @Test
    void givesNoCredentialsToWhicheverProxyIsNamed() {
        ProxySettings settings = ProxySettings.builder()
                .selector(naming(http("a", 1)))
                .authentication(ProxyAuthentication.of(new UserPassword("u", "p")))
                .build();
        UpstreamException error = assertThrows(UpstreamException.class, () -> settings.routesTo(HUB));
        assertEquals(FailureKind.CONFIGURATION, error.kind());
        assertThrows(UpstreamException.class, settings::validate);
    }

    @Test
    void explainsByTheSelectorsName() {
        String explained = settings(naming(http("a", 1), Proxy.NO_PROXY)).explain(HUB);
        assertEquals(
                "hub.test:8883: through proxy http://a:1, else direct, by the proxy selector "
                        + Scripted.class.getName(),
                explained);
        assertTrue(settings(naming()).toString().endsWith(": by destination]"));
    }
}
