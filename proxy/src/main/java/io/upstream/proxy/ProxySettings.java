// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyChoice;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which proxy a destination needs, from one URL or from the environment. Immutable and thread-safe; the environment is read once, when
 * the settings are made.
 *
 * <p>Making settings never fails. A value that cannot be used is reported by {@link #validate} and by every attempt to connect, as
 * {@link FailureKind#CONFIGURATION}: it is never taken for "no proxy". Neither errors nor {@link #explain} show credentials.
 *
 * <p>A URL is {@code [http://][user[:password]@]host[:port]}, percent-encoded where user or password need it, port 80 if none is given;
 * {@code direct://} means no proxy. Only proxies that are spoken to in plain text are supported.
 */
public final class ProxySettings implements ProxyChoice {
    private static final Logger log = LoggerFactory.getLogger(ProxySettings.class);

    private final String source;
    private final Optional<ProxyServer> server;
    private final String defect;
    private final NoProxy exceptions;
    private final List<String> warnings;

    /** @param value the proxy's URL, or blank for none */
    private ProxySettings(String source, String value, NoProxy exceptions, List<String> warnings) {
        List<String> all = new ArrayList<>(warnings);
        all.addAll(exceptions.warnings());
        ProxyUrl url = new ProxyUrl(Optional.empty(), List.of());
        String wrong = "";
        try {
            if (!value.isBlank()) {
                url = ProxyUrl.parse(value);
            }
        } catch (IllegalArgumentException e) {
            wrong = source + " is not usable, " + e.getMessage();
        }
        all.addAll(url.warnings());
        this.source = source;
        this.server = url.server();
        this.defect = wrong;
        this.exceptions = exceptions;
        this.warnings = List.copyOf(all);
        this.warnings.forEach(warning -> log.warn("{}: {}", source, warning));
    }

    /** No proxy, whatever the environment says. */
    public static ProxySettings direct() {
        return new ProxySettings("the choice to go direct", "", NoProxy.nothing(), List.of());
    }

    /**
     * This proxy for every destination, this machine included.
     *
     * @param url not blank
     */
    public static ProxySettings fromUrl(String url) {
        // quotes make a blank value an empty one, which is an error here
        return new ProxySettings("the proxy's URL", url.isBlank() ? "''" : url, NoProxy.nothing(), List.of());
    }

    /** As {@link #from} with the variables of this process. */
    public static ProxySettings fromEnvironment() {
        return from(System.getenv());
    }

    /**
     * What the variables say, for connections under TLS as all of ours are: the first of {@code https_proxy}, {@code HTTPS_PROXY},
     * {@code all_proxy} and {@code ALL_PROXY} that is not blank, except for what {@code no_proxy}, else {@code NO_PROXY}, lists and for
     * this machine itself. {@code http_proxy} is for plain text and not read.
     */
    public static ProxySettings from(Map<String, String> environment) {
        ProxyEnvironment from = new ProxyEnvironment(environment);
        NoProxy exceptions = NoProxy.parse(from.exceptions());
        return new ProxySettings(from.proxyName(), from.proxyValue(), exceptions, from.warnings());
    }

    /**
     * Fails now if a connection that needs the proxy would.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION}
     */
    public void validate() throws UpstreamException {
        if (!defect.isEmpty()) {
            throw UpstreamException.of(FailureKind.CONFIGURATION, Where.here("proxy"), defect);
        }
    }

    /**
     * {@inheritDoc}
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} also if {@code target} cannot be named to a proxy, as an
     *     address with a zone
     */
    @Override
    public List<Route> routesTo(HostPort target) throws UpstreamException {
        if (exceptions.itemFor(target).isPresent()) {
            return List.of(Route.DIRECT);
        }
        validate();
        if (server.isPresent()) {
            checkNameable(target);
            return List.of(server.get());
        }
        return List.of(Route.DIRECT);
    }

    private static void checkNameable(HostPort target) throws UpstreamException {
        try {
            new ConnectRequest(target);
        } catch (IllegalArgumentException e) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION, Where.here("proxy"), String.valueOf(e.getMessage()), e);
        }
    }

    /**
     * One line for people: what {@link #routesTo} decides, by which rule, and what is odd about the settings. Credentials are not
     * shown. The wording may change.
     */
    public String explain(HostPort target) {
        StringBuilder line = new StringBuilder(target.toString()).append(": ").append(verdict(target));
        warnings.forEach(warning -> line.append("; note: ").append(warning));
        return line.toString();
    }

    private String verdict(HostPort target) {
        Optional<String> exception = exceptions.itemFor(target);
        if (exception.isPresent()) {
            return "direct, excepted from the proxy by '" + exception.get() + "'";
        }
        try {
            Route route = routesTo(target).get(0);
            return route instanceof ProxyServer proxy
                    ? "through proxy " + proxy
                            + (proxy.authentication().equals(ProxyAuthentication.NONE) ? "" : " with credentials")
                            + ", by "
                            + source
                    : "direct, by " + source;
        } catch (UpstreamException e) {
            return "error, " + e.getMessage();
        }
    }

    /** As {@link #explain}, without a destination. */
    @Override
    public String toString() {
        return "ProxySettings[" + source + ": "
                + (defect.isEmpty() ? server.map(ProxyServer::toString).orElse("direct") : "not usable") + "]";
    }
}
