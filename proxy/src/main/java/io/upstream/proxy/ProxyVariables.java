// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Settings as environment variables, so that {@link ProxyEnvironment} and others read the same from them. */
final class ProxyVariables {
    /** The named proxies are the same for every destination: any will do. */
    private static final HostPort ANY = new HostPort("any.invalid", 443);

    private ProxyVariables() {}

    static Map<String, String> of(ProxySource source, NoProxy exceptions, ProxySettingsBuilder.Rules rules)
            throws UpstreamException {
        if (!(source instanceof NamedProxies named)) {
            throw inexpressible(source.name() + " may name another proxy for each destination");
        }
        if (rules.authenticator() != null) {
            throw inexpressible("an authenticator is asked for the credentials");
        }
        List<Route> routes = named.routesTo(ANY);
        if (routes.size() > 1) {
            throw inexpressible("several proxies are named");
        }
        if (!(routes.get(0) instanceof ProxyServer proxy)) {
            return Map.of();
        }
        return variables(proxy, exceptions.spelling());
    }

    private static Map<String, String> variables(ProxyServer proxy, String exceptions) throws UpstreamException {
        if (proxy.certificate() != null) {
            throw inexpressible("the proxy is shown a client certificate");
        }
        ProxyAuthentication authentication = proxy.authentication();
        if (authentication.provider() != null
                || !authentication.authenticators().isEmpty()) {
            throw inexpressible("the proxy's credentials are no user name and password that stand fast");
        }
        String url = ProxyUrl.print(proxy);
        Map<String, String> variables = new LinkedHashMap<>();
        variables.put("https_proxy", url);
        variables.put("HTTPS_PROXY", url);
        if (!exceptions.isEmpty()) {
            variables.put("no_proxy", exceptions);
            variables.put("NO_PROXY", exceptions);
        }
        return variables;
    }

    private static UpstreamException inexpressible(String why) {
        return UpstreamException.of(
                FailureKind.CONFIGURATION,
                Where.here("proxy"),
                "these settings cannot be said in environment variables, " + why
                        + ": give the other program settings of its own");
    }
}
