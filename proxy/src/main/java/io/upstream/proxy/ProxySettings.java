// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.NetworkException;
import io.upstream.ProxyChoice;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which proxy a destination needs: from a URL, from the environment, or from what {@link #builder} is told. Thread-safe; immutable but for
 * the memory of proxies that do not work. Environment and properties are read once, when the settings are made.
 *
 * <p>Making settings never fails. A value that cannot be used is reported by {@link #validate} and by every attempt to connect, as
 * {@link FailureKind#CONFIGURATION}: it is never taken for "no proxy". Neither errors nor {@link #explain} show credentials.
 *
 * <p>A URL is {@code [scheme://][user[:password]@]host[:port]}. The scheme is {@code http} (if there is none), {@code https} for TLS with
 * the proxy, {@code socks5h}, {@code socks4a} or {@code socks} with the hub's name resolved by the proxy, {@code socks5} or {@code socks4}
 * with it resolved here; the port, if there is none, 80, 443 or 1080. User and password are percent-encoded where they need it: always
 * for {@code / ? #} and blanks, and for {@code @} and {@code %} where it is not clear. {@code direct://} means no proxy.
 *
 * <p>Of several proxies, one that could not be reached or spoken to is tried last for five minutes, and so is, for one destination, one that
 * answered that it cannot reach that. The way without a proxy is only taken where it is
 * listed, and the credentials of one proxy are never given to another. A proxy is not asked for addresses of its own link and of metadata
 * services.
 */
public final class ProxySettings implements ProxyChoice {
    private static final Logger log = LoggerFactory.getLogger(ProxySettings.class);

    private final ProxySource source;
    private final NoProxy exceptions;
    private final List<String> warnings;
    private final ProxySettingsBuilder.Rules rules;
    private final AvoidedProxies avoided;

    ProxySettings(
            ProxySource source,
            NoProxy exceptions,
            List<String> warnings,
            ProxySettingsBuilder.Rules rules,
            AvoidedProxies avoided) {
        this.source = source;
        this.exceptions = exceptions;
        this.warnings = List.copyOf(warnings);
        this.rules = rules;
        this.avoided = avoided;
        this.warnings.forEach(warning -> log.warn("{}: {}", source.name(), warning));
    }

    /** No proxy, whatever the environment says. */
    public static ProxySettings direct() {
        return builder().build();
    }

    /**
     * This proxy for every destination, this machine included.
     *
     * @param url not blank
     */
    public static ProxySettings fromUrl(String url) {
        return builder().proxy(url).proxyLoopback().build();
    }

    /** As {@link #from} with the variables of this process. */
    public static ProxySettings fromEnvironment() {
        return from(System.getenv());
    }

    /**
     * What the variables say, for connections under TLS as all of ours are: the first of {@code https_proxy}, {@code HTTPS_PROXY},
     * {@code all_proxy} and {@code ALL_PROXY} that is not blank, except for what {@code no_proxy}, else {@code NO_PROXY}, lists and for
     * this machine itself. {@code http_proxy} is for plain text and not read. In a module of Azure IoT Edge, its gateway and all names
     * without a dot are exceptions, too.
     */
    public static ProxySettings from(Map<String, String> environment) {
        return builder().environment(environment).build();
    }

    /** For anything else; nothing is read that is not asked for. */
    public static ProxySettingsBuilder builder() {
        return new ProxySettingsBuilder();
    }

    /**
     * Fails now if a connection that needs the proxy would.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION}
     */
    public void validate() throws UpstreamException {
        source.validate();
    }

    /**
     * {@inheritDoc}
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} also if {@code target} cannot be named to a proxy, as an
     *     address with a zone, or must not be
     */
    @Override
    public List<Route> routesTo(HostPort target) throws UpstreamException {
        List<Route> routes = avoided.last(namedFor(target), target);
        if (rules.authenticator() == null) {
            return routes;
        }
        List<Route> known = new ArrayList<>();
        for (Route route : routes) {
            known.add(route instanceof ProxyServer proxy ? rules.authenticator().knownTo(proxy, target) : route);
        }
        return known;
    }

    /**
     * The proxy of a route is avoided for five minutes if it is the one that failed, and not what lies behind it: for {@code target} only if
     * it has answered, with 502, 503, 504 or another fault of its own, or the like of SOCKS; for every destination if it could not be reached
     * or spoken to.
     */
    @Override
    public void failed(Route route, HostPort target, UpstreamException why) {
        if (!(route instanceof ProxyServer proxy)
                || !(why instanceof NetworkException)
                || !why.hop().equals("proxy " + proxy.address())) {
            return;
        }
        if (why.kind() == FailureKind.PROXY_UNREACHABLE || why.kind() == FailureKind.SERVER_ERROR) {
            avoided.add(route, target);
        } else {
            avoided.add(route);
            source.failed(route, why);
        }
    }

    /** No proxy is avoided any more. */
    @Override
    public void networkChanged() {
        avoided.forget();
    }

    private List<Route> namedFor(HostPort target) throws UpstreamException {
        Optional<String> exception = exceptions.itemFor(target);
        List<Route> routes = exception.isPresent() ? List.of(Route.DIRECT) : source.routesTo(target);
        if (rules.proxyRequired() && routes.contains(Route.DIRECT)) {
            String why = exception.map(item -> "'" + item + "' is an exception").orElse("by " + source.name());
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION,
                    Where.here("proxy"),
                    "a proxy is required, but the way to " + target + " would be direct, " + why);
        }
        if (routes.stream().anyMatch(ProxyServer.class::isInstance)) {
            ProxiedTarget.check(target);
        }
        return routes;
    }

    /**
     * One line for people: what {@link #routesTo} decides, by which rule, and what is odd about the settings. Credentials are not
     * shown, and nobody is asked for any. The wording may change.
     */
    public String explain(HostPort target) {
        StringBuilder line = new StringBuilder(target.toString()).append(": ").append(verdict(target));
        warnings.forEach(warning -> line.append("; note: ").append(warning));
        return line.toString();
    }

    private String verdict(HostPort target) {
        try {
            List<Route> routes = avoided.last(namedFor(target), target);
            Optional<String> exception = exceptions.itemFor(target);
            if (exception.isPresent()) {
                return "direct, excepted from the proxy by '" + exception.get() + "'";
            }
            return routes.stream().map(route -> shown(route, target)).collect(Collectors.joining(", else ")) + ", by "
                    + source.name();
        } catch (UpstreamException e) {
            return "error, " + e.getMessage();
        }
    }

    private String shown(Route route, HostPort target) {
        if (!(route instanceof ProxyServer proxy)) {
            return "direct";
        }
        return "through proxy " + proxy
                + (ProxyLogin.isGiven(proxy.authentication()) ? " with credentials" : "")
                + (avoided.contains(proxy, target) ? " (which failed a short while ago)" : "");
    }

    /**
     * The variables that say the same to another program, a module's container as it may be: {@code https_proxy} and {@code no_proxy},
     * each in lower and in upper case, user and password percent-encoded. Empty if all destinations are reached directly.
     *
     * <p>The values hold the credentials in readable form. They do not tell which certificates a proxy may show: the other program has
     * its own trust, nor which schemes the password may be proved by. A name of {@code http.nonProxyHosts} also covers its subdomains there, as all readers of {@code no_proxy} have it,
     * and this machine stays an exception even after {@link ProxySettingsBuilder#proxyLoopback}.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} for what cannot be said in a URL: several proxies, a selector,
     *     a client certificate, an authenticator, credentials that are no user name and password
     */
    public Map<String, String> toEnvironment() throws UpstreamException {
        return ProxyVariables.of(source, exceptions, rules);
    }

    /** As {@link #explain}, without a destination. */
    @Override
    public String toString() {
        return "ProxySettings[" + source.name() + ": " + summary() + "]";
    }

    private String summary() {
        try {
            source.validate();
        } catch (UpstreamException e) {
            return "not usable";
        }
        return source instanceof NamedProxies named
                ? named.routes().stream()
                        .map(route -> route instanceof ProxyServer ? route.toString() : "direct")
                        .collect(Collectors.joining(", "))
                : "by destination";
    }
}
