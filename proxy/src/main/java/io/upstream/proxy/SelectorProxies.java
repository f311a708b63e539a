// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a {@link ProxySelector} says to {@code https://host:port}. It may block, and does so where that is allowed; of proxies that could
 * not be reached it is told there, too: before it is asked the next time.
 */
final class SelectorProxies implements ProxySource {
    private static final Logger log = LoggerFactory.getLogger(SelectorProxies.class);
    private static final int MAX_ENTRIES = 16;
    private static final int MAX_REMEMBERED = 64;

    private final ProxySelector selector;
    private final String scheme;
    private final ProxyExtras extras;

    /** By kind and address, the newest last. */
    private final Map<String, Given> given = new LinkedHashMap<>();

    private final Map<String, UpstreamException> unreachable = new LinkedHashMap<>();

    /** A proxy, and for what the selector named it. */
    private record Given(URI uri, SocketAddress address) {}

    /** @param scheme {@code https}, or {@code http} for plain text */
    SelectorProxies(ProxySelector selector, String scheme, ProxyExtras extras) {
        this.selector = selector;
        this.scheme = scheme;
        this.extras = extras;
    }

    @Override
    public String name() {
        return "the proxy selector " + selector.getClass().getName();
    }

    /** Credentials that are given for no particular proxy would go to whichever the selector names. */
    @Override
    public void validate() throws UpstreamException {
        if (extras.belongsToOne()) {
            throw unusable("may name any proxy: credentials for it come from an authenticator", null);
        }
    }

    @Override
    public List<Route> routesTo(HostPort target) throws UpstreamException {
        validate();
        List<Proxy> named;
        URI uri;
        try {
            uri = uri(target);
            report();
            named = selector.select(uri);
        } catch (RuntimeException e) {
            throw unusable("failed for " + target + " with " + e.getClass().getName(), e);
        }
        if (named == null || named.isEmpty()) {
            throw unusable("names no way to " + target + ", not even the direct one", null);
        }
        List<Route> routes = new ArrayList<>();
        for (Proxy proxy : named.subList(0, Math.min(named.size(), MAX_ENTRIES))) {
            Route route = route(uri, proxy);
            if (!routes.contains(route)) {
                routes.add(route);
            }
        }
        return routes;
    }

    /** A URI has no host unless that is in ASCII. */
    private URI uri(HostPort target) {
        boolean address = target.host().indexOf(':') >= 0;
        return URI.create(scheme + "://"
                + (address ? target : HostName.ascii(HostName.withoutRoot(target.host())) + ":" + target.port()));
    }

    private Route route(URI uri, @Nullable Proxy proxy) throws UpstreamException {
        if (proxy == null) {
            throw unusable("names a proxy that is null", null);
        }
        if (proxy.type() == Proxy.Type.DIRECT) {
            return Route.DIRECT;
        }
        if (!(proxy.address() instanceof InetSocketAddress address)) {
            throw unusable("names a proxy without host and port", null);
        }
        try {
            ProxyKind kind = proxy.type() == Proxy.Type.SOCKS ? ProxyKind.SOCKS5H : ProxyKind.HTTP;
            HostPort place = new HostPort(address.getHostString(), address.getPort());
            ProxyServer server = extras.added(ProxyServer.of(kind, place, ProxyAuthentication.NONE));
            remember(server, new Given(uri, address));
            return server;
        } catch (IllegalArgumentException e) {
            throw unusable("names a proxy that cannot be used, " + e.getMessage(), e);
        }
    }

    private UpstreamException unusable(String why, @Nullable Exception cause) {
        return UpstreamException.of(FailureKind.CONFIGURATION, Where.here("proxy"), name() + " " + why, cause);
    }

    private synchronized void remember(ProxyServer server, Given how) {
        given.remove(server.toString());
        given.put(server.toString(), how);
        if (given.size() > MAX_REMEMBERED) {
            given.remove(given.keySet().iterator().next());
        }
    }

    @Override
    public synchronized void failed(Route route, UpstreamException why) {
        if (given.containsKey(route.toString())) {
            unreachable.put(route.toString(), why);
        }
    }

    /** {@link ProxySelector#connectFailed} for all that has failed since the last time. */
    private void report() {
        Map<Given, UpstreamException> failures = new LinkedHashMap<>();
        synchronized (this) {
            unreachable.forEach((name, why) -> {
                Given how = given.get(name);
                if (how != null) {
                    failures.put(how, why);
                }
            });
            unreachable.clear();
        }
        failures.forEach((how, why) -> {
            log.debug("{} could not be reached for {}", how.address(), how.uri());
            selector.connectFailed(how.uri(), how.address(), why);
        });
    }
}
