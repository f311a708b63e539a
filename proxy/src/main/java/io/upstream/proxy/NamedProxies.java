// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The same proxies for every destination, in the order in which they were named. */
final class NamedProxies implements ProxySource {
    private final String name;
    private final List<Route> routes;
    private final String defect;
    private final @Nullable PasswordFile password;

    private NamedProxies(String name, List<Route> routes, String defect, @Nullable PasswordFile password) {
        this.name = name;
        this.routes = List.copyOf(routes);
        this.defect = defect;
        this.password = password;
    }

    /** No proxy, for the reason that {@code name} gives. */
    static NamedProxies none(String name) {
        return new NamedProxies(name, List.of(Route.DIRECT), "", null);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public void validate() throws UpstreamException {
        if (!defect.isEmpty()) {
            throw UpstreamException.of(FailureKind.CONFIGURATION, Where.here("proxy"), defect);
        }
    }

    /** As they were named; the password of a file is not there yet. */
    List<Route> routes() {
        return routes;
    }

    @Override
    public List<Route> routesTo(HostPort target) throws UpstreamException {
        validate();
        if (password == null) {
            return routes;
        }
        UserPassword now = password.read();
        List<Route> ready = new ArrayList<>();
        for (Route route : routes) {
            ready.add(route instanceof ProxyServer proxy ? checked(proxy, now) : route);
        }
        return ready;
    }

    private ProxyServer checked(ProxyServer proxy, UserPassword login) throws UpstreamException {
        try {
            ProxyServer ready = proxy.withAuthentication(
                    proxy.authentication().toBuilder().userPassword(login).build());
            ProxyLogin.check(ready);
            return ready;
        } catch (IllegalArgumentException e) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION, Where.here("proxy"), name + " is not usable, " + e.getMessage(), e);
        }
    }

    /** Collects what one source names. */
    static final class Collector {
        private final List<Route> routes = new ArrayList<>();
        private final List<String> warnings = new ArrayList<>();
        private String name;
        private String defect = "";

        /** @param name of the source, for people */
        Collector(String name) {
            this.name = name;
        }

        void rename(String better) {
            name = better;
        }

        String name() {
            return name;
        }

        /** Adds what {@code url} names, which must not be blank. */
        void url(String url) {
            try {
                ProxyUrl parsed = ProxyUrl.parse(url);
                warnings.addAll(parsed.warnings());
                route(parsed.server().isPresent() ? parsed.server().get() : Route.DIRECT);
            } catch (IllegalArgumentException e) {
                defect(e);
            }
        }

        void route(Route route) {
            if (!routes.contains(route)) {
                routes.add(route);
            }
        }

        void defect(IllegalArgumentException why) {
            if (defect.isEmpty()) {
                defect = String.valueOf(why.getMessage());
            }
        }

        /** Whether nothing was named, not even wrongly. */
        boolean isEmpty() {
            return routes.isEmpty() && defect.isEmpty();
        }

        List<String> warnings() {
            return List.copyOf(warnings);
        }

        /** What was collected, each proxy with what it did not have by itself. */
        NamedProxies with(ProxyExtras extras) {
            List<Route> dressed = new ArrayList<>();
            try {
                extras.check(routes);
                for (Route route : routes) {
                    dressed.add(route instanceof ProxyServer proxy ? checked(extras.added(proxy)) : route);
                }
            } catch (IllegalArgumentException e) {
                defect(e);
            }
            return new NamedProxies(
                    name,
                    defect.isEmpty() ? dressed : List.of(),
                    defect.isEmpty() ? "" : name + " is not usable, " + defect,
                    extras.password());
        }

        private static ProxyServer checked(ProxyServer proxy) {
            ProxyLogin.check(proxy);
            return proxy;
        }
    }
}
