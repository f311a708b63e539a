// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.UserPassword;
import java.util.Properties;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What Java's system properties name: those of this library first, then those of the JDK's own networking (java.net package
 * documentation, "Networking Properties"), with user and password as Maven and others write them beside.
 */
final class JavaProperties {
    private static final String OURS = "upstream.proxy";
    private static final String OUR_EXCEPTIONS = "upstream.noProxy";

    /** The JDK has these besides this machine, unless the list is there and empty. */
    private static final String UNSPECIFIED = "0.0.0.0|[::0]";

    private final Properties properties;
    private final String scheme;

    /** @param scheme of the JDK's property, {@code https} or {@code http} */
    JavaProperties(Properties properties, String scheme) {
        this.properties = properties;
        this.scheme = scheme;
    }

    /**
     * What is named, and with which exceptions.
     *
     * @param login for that proxy, or null
     */
    record Named(
            NamedProxies.Collector proxies,
            NoProxy exceptions,
            @Nullable UserPassword login) {}

    Named read() {
        if (isSet(OURS)) {
            return named(
                    OURS,
                    proxies -> ProxyUrls.split(value(OURS)).forEach(proxies::url),
                    NoProxy.list(value(OUR_EXCEPTIONS)));
        }
        String host = scheme + ".proxyHost";
        if (isSet(host)) {
            NoProxy exceptions = javaExceptions("http.nonProxyHosts");
            String port = scheme + ".proxyPort";
            String ports = scheme.equals("https") ? "443" : "80";
            Named found = named(host, proxies -> proxies.url(url("http", host, port, ports)), exceptions);
            return withLogin(found, scheme + ".proxyUser", scheme + ".proxyPassword");
        }
        if (isSet("socksProxyHost")) {
            // the JDK has a SOCKS 5 server resolve names, and a SOCKS 4 server never
            String kind = value("socksProxyVersion").equals("4") ? "socks4" : "socks5h";
            Named found = named(
                    "socksProxyHost",
                    proxies -> proxies.url(url(kind, "socksProxyHost", "socksProxyPort", "1080")),
                    javaExceptions("socksNonProxyHosts"));
            return withLogin(found, "java.net.socks.username", "java.net.socks.password");
        }
        return named("Java's system properties, where no " + host + " is set", proxies -> {}, NoProxy.nothing());
    }

    private static Named named(String name, Consumer<NamedProxies.Collector> filler, NoProxy exceptions) {
        NamedProxies.Collector proxies = new NamedProxies.Collector(name);
        try {
            filler.accept(proxies);
        } catch (IllegalArgumentException e) {
            proxies.defect(e);
        }
        return new Named(proxies, exceptions, null);
    }

    private Named withLogin(Named found, String userProperty, String passwordProperty) {
        if (!isSet(userProperty)) {
            return found;
        }
        try {
            UserPassword login = new UserPassword(value(userProperty), properties.getProperty(passwordProperty, ""));
            return new Named(found.proxies(), found.exceptions(), login);
        } catch (IllegalArgumentException e) {
            found.proxies().defect(e);
            return found;
        }
    }

    private NoProxy javaExceptions(String name) {
        String list = properties.getProperty(name);
        return list != null && list.isEmpty()
                ? NoProxy.nothing()
                : NoProxy.javaList(list == null ? UNSPECIFIED : list + "|" + UNSPECIFIED);
    }

    private String url(String urlScheme, String hostProperty, String portProperty, String defaultPort) {
        String host = value(hostProperty);
        if (host.chars().anyMatch(c -> "/@?#'\"".indexOf(c) >= 0)) {
            throw new IllegalArgumentException("it holds more than a host: the port goes into " + portProperty);
        }
        boolean bare = host.indexOf(':') >= 0 && !host.startsWith("[");
        String port = isSet(portProperty) ? value(portProperty) : defaultPort;
        return urlScheme + "://" + (bare ? "[" + host + "]" : host) + ":" + port;
    }

    private boolean isSet(String name) {
        return !value(name).isEmpty();
    }

    private String value(String name) {
        return properties.getProperty(name, "").strip();
    }
}
