// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ClientCertificate;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyServer;
import io.upstream.Trust;
import io.upstream.UserPassword;
import java.net.Authenticator;
import java.net.ProxySelector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Collects {@link ProxySettings}. Of the places that may name proxies the first that names one counts, alone, in this order: {@link
 * #proxy(String) proxies given here}, {@link #selector}, {@link #systemProperties()}, {@link #environment()}. If none does, all
 * connections are direct. This machine itself is always an exception, unless {@link #proxyLoopback} says otherwise. Not thread-safe.
 */
public final class ProxySettingsBuilder {
    private final NamedProxies.Collector given = new NamedProxies.Collector("the proxy's URL");
    private int numberGiven;
    private ProxyAuthentication authentication = ProxyAuthentication.NONE;
    private @Nullable PasswordFile password;
    private @Nullable Trust trust;
    private @Nullable ClientCertificate certificate;
    private String exceptions = "";
    private @Nullable ProxySelector selector;
    private @Nullable JavaAuthenticator authenticator;
    private @Nullable Properties properties;
    private @Nullable Map<String, String> environment;
    private ProxyEnvironment.Traffic traffic = ProxyEnvironment.Traffic.UNDER_TLS;
    private NoProxy thisMachine = NoProxy.thisMachine();
    private boolean proxyRequired;
    private LongSupplier nanos = System::nanoTime;

    ProxySettingsBuilder() {}

    /** What holds wherever the proxies come from. */
    record Rules(boolean proxyRequired, @Nullable JavaAuthenticator authenticator) {}

    /** A source, and what comes with it. */
    private record Found(ProxySource source, NoProxy exceptions, List<String> warnings) {}

    /**
     * Adds a proxy, to be tried after those that were added before.
     *
     * @param url as {@link ProxySettings} describes it; {@code direct://} for the way without a proxy
     */
    public ProxySettingsBuilder proxy(String url) {
        // quotes make a blank value an empty one, which is an error here
        given.url(url.isBlank() ? "''" : url);
        return numbered();
    }

    /** Adds a proxy with everything that is to be known about it, to be tried after those that were added before. */
    public ProxySettingsBuilder proxy(ProxyServer proxy) {
        given.route(Objects.requireNonNull(proxy, "proxy"));
        return numbered();
    }

    /**
     * As {@link #proxy(String)} for each URL of a list that commas separate. If there are credentials in any of them, all but the first
     * begin with a scheme: other commas belong to a password.
     */
    public ProxySettingsBuilder proxies(String urls) {
        ProxyUrls.split(urls).forEach(this::proxy);
        return this;
    }

    private ProxySettingsBuilder numbered() {
        if (++numberGiven > 1) {
            given.rename("the list of proxies");
        }
        return this;
    }

    /**
     * How to answer the proxy, if it is only one and comes without credentials of its own: several proxies must not see each other's. Rules
     * without credentials, as which schemes are allowed, hold for all proxies that a URL or a selector names, and so does {@link Negotiate}
     * without {@link Negotiate#spn}.
     */
    public ProxySettingsBuilder authentication(ProxyAuthentication authentication) {
        this.authentication = Objects.requireNonNull(authentication, "authentication");
        return this;
    }

    /** As {@link #authentication} with this user, the password in a file of one line, read anew for each connection. */
    public ProxySettingsBuilder passwordFile(String user, Path file) {
        new UserPassword(user, ""); // fails now if that is no user
        this.password = new PasswordFile(user, file.toAbsolutePath());
        return this;
    }

    /** Which certificates a proxy of kind https may show; default is the system's roots. */
    public ProxySettingsBuilder trust(Trust trust) {
        this.trust = Objects.requireNonNull(trust, "trust");
        return this;
    }

    /** What to show a proxy of kind https that asks for a certificate. */
    public ProxySettingsBuilder certificate(ClientCertificate certificate) {
        this.certificate = Objects.requireNonNull(certificate, "certificate");
        return this;
    }

    /** What goes past the proxy, in the form of {@code no_proxy}, beside what the source of the proxies says. */
    public ProxySettingsBuilder exceptions(String noProxy) {
        this.exceptions = Objects.requireNonNull(noProxy, "noProxy");
        return this;
    }

    /**
     * Asks {@code selector} with {@code https://host:port} for each connection, off the event loop; all that it names are tried in its
     * order, {@link java.net.Proxy#NO_PROXY} too. HTTP proxies are spoken to in plain text, SOCKS proxies resolve the hub's name. The
     * selector is told of proxies that could not be reached before it is asked the next time. This is the place for proxy
     * auto-configuration, which this library does not run.
     */
    public ProxySettingsBuilder selector(ProxySelector selector) {
        this.selector = Objects.requireNonNull(selector, "selector");
        return this;
    }

    /**
     * Asks {@code authenticator} for the credentials of proxies that come without, when such a proxy asks for them; SOCKS 4 cannot. On a
     * thread of its own, so it may block, as for a person who types; an attempt to connect waits for it for thirty seconds. Connections that
     * want the same of the same proxy at the same time have it asked once.
     */
    public ProxySettingsBuilder authenticator(Authenticator authenticator) {
        this.authenticator = new JavaAuthenticator(Objects.requireNonNull(authenticator, "authenticator"));
        return this;
    }

    /** As {@link #systemProperties(Properties)} with those of this process. */
    public ProxySettingsBuilder systemProperties() {
        return systemProperties(System.getProperties());
    }

    /**
     * Reads {@code upstream.proxy} (one or several URLs) with {@code upstream.noProxy}; else the JDK's {@code https.proxyHost} and
     * {@code https.proxyPort} (443), with {@code https.proxyUser} and {@code https.proxyPassword}, except for {@code
     * http.nonProxyHosts}; else its {@code socksProxyHost}, {@code socksProxyPort} (1080), {@code socksProxyVersion}, {@code
     * java.net.socks.username} and {@code …password}, except for {@code socksNonProxyHosts}. The JDK's setting {@code
     * jdk.http.auth.tunneling.disabledSchemes} is about its own clients and does not count here.
     */
    public ProxySettingsBuilder systemProperties(Properties properties) {
        Properties copy = new Properties();
        properties.stringPropertyNames().forEach(name -> copy.setProperty(name, properties.getProperty(name)));
        this.properties = copy;
        return this;
    }

    /** As {@link #environment(Map)} with the variables of this process. */
    public ProxySettingsBuilder environment() {
        return environment(System.getenv());
    }

    /** Reads the variables as {@link ProxySettings#from} does. */
    public ProxySettingsBuilder environment(Map<String, String> variables) {
        this.environment = Map.copyOf(variables);
        return this;
    }

    /**
     * For settings that somebody else asks about connections in plain text, as Upstream has none: {@code http_proxy} counts in place of
     * {@code https_proxy}, but {@code HTTP_PROXY} not in a CGI program, which is told it by its clients; {@code http.proxyHost} counts in
     * place of {@code https.proxyHost}.
     */
    public ProxySettingsBuilder forPlainText() {
        this.traffic = ProxyEnvironment.Traffic.PLAIN_TEXT;
        return this;
    }

    /** Makes every decision to go without a proxy an error, exceptions included: for sites where such traffic must not occur. */
    public ProxySettingsBuilder requireProxy() {
        this.proxyRequired = true;
        return this;
    }

    /** Has the proxy asked for this machine, too: from there it is the proxy's machine, if that is another. */
    public ProxySettingsBuilder proxyLoopback() {
        this.thisMachine = NoProxy.nothing();
        return this;
    }

    /** For tests: a clock as {@link System#nanoTime}. */
    ProxySettingsBuilder clock(LongSupplier nanoTime) {
        this.nanos = nanoTime;
        return this;
    }

    /** Makes the settings; never fails, see {@link ProxySettings#validate}. */
    public ProxySettings build() {
        Found found = found();
        NoProxy own = NoProxy.list(exceptions);
        List<String> warnings = new ArrayList<>(found.warnings());
        warnings.addAll(own.warnings());
        return new ProxySettings(
                found.source(),
                thisMachine.and(own).and(found.exceptions()),
                warnings,
                new Rules(proxyRequired, authenticator),
                new AvoidedProxies(nanos));
    }

    private Found found() {
        if (!given.isEmpty()) {
            return found(given, NoProxy.nothing(), List.of(), authentication);
        }
        if (selector != null) {
            return new Found(
                    new SelectorProxies(selector, scheme(), extras(authentication)), NoProxy.nothing(), List.of());
        }
        JavaProperties.Named named = properties == null ? null : new JavaProperties(properties, scheme()).read();
        if (named != null && !named.proxies().isEmpty()) {
            NoProxy excepted = named.exceptions();
            UserPassword login = extras(authentication).hasUser() ? null : named.login();
            return found(
                    named.proxies(),
                    excepted,
                    excepted.warnings(),
                    login == null
                            ? authentication
                            : authentication.toBuilder().userPassword(login).build());
        }
        if (environment != null) {
            return inEnvironment(environment);
        }
        return new Found(
                NamedProxies.none(
                        named == null
                                ? "the choice to go direct"
                                : named.proxies().name()),
                NoProxy.nothing(),
                List.of());
    }

    private Found inEnvironment(Map<String, String> variables) {
        ProxyEnvironment from = new ProxyEnvironment(variables, traffic);
        NamedProxies.Collector proxies = new NamedProxies.Collector(from.proxyName());
        if (from.proxyValue().isBlank()) {
            return new Found(NamedProxies.none(from.proxyName()), from.exceptions(), from.warnings());
        }
        proxies.url(from.proxyValue());
        return found(proxies, from.exceptions(), from.warnings(), authentication);
    }

    private Found found(
            NamedProxies.Collector proxies, NoProxy excepted, List<String> warnings, ProxyAuthentication login) {
        List<String> all = new ArrayList<>(warnings);
        all.addAll(proxies.warnings());
        return new Found(proxies.with(extras(login)), excepted, all);
    }

    private ProxyExtras extras(ProxyAuthentication login) {
        return new ProxyExtras(login, password, trust, certificate);
    }

    private String scheme() {
        return traffic == ProxyEnvironment.Traffic.UNDER_TLS ? "https" : "http";
    }
}
