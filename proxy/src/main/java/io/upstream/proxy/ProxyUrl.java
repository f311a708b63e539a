// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.NetUtil;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UserPassword;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A proxy as people write it: {@code [scheme://][user[:password]@]host[:port][/]}, {@code http} without a scheme. What can be read in two
 * ways is an error, because the other reading would send traffic or credentials to another host. Errors do not repeat the value: it may
 * hold a password.
 *
 * @param server empty for {@code direct://}
 * @param warnings what was repaired or ignored, fit for a log
 */
record ProxyUrl(Optional<ProxyServer> server, List<String> warnings) {
    /** In a message, where a scheme is missing or wrong. */
    private static final String SCHEMES =
            "a proxy's URL begins with http://, https://, socks5h://, socks5://, socks4a:// or socks4://";

    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*");
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

    ProxyUrl {
        warnings = List.copyOf(warnings);
    }

    /**
     * Reads a value that is not blank.
     *
     * @throws IllegalArgumentException if it cannot be used, without repeating it
     */
    static ProxyUrl parse(String value) {
        return new Reader().read(value);
    }

    /** What {@link #parse} reads as {@code server}, user name and password included: not for a log. */
    static String print(ProxyServer server) {
        HostPort address = server.address();
        UserPassword login = server.authentication().userPassword();
        String userinfo = login == null
                ? ""
                : PercentText.encode(login.user())
                        + (login.password().isEmpty() ? "" : ":" + PercentText.encode(login.password()))
                        + "@";
        return server.kind().scheme() + "://" + userinfo + address.toString().replace("%", "%25");
    }

    /** Collects the warnings on the way. */
    private static final class Reader {
        private final List<String> warnings = new ArrayList<>();
        private ProxyKind kind = ProxyKind.HTTP;

        ProxyUrl read(String value) {
            String url = unwrap(value);
            if (url.isEmpty()) {
                throw new IllegalArgumentException("it is empty: leave the proxy out, or say direct://");
            }
            if (url.codePoints().anyMatch(c -> Character.isISOControl(c) || Character.isWhitespace(c))) {
                throw new IllegalArgumentException("it has a blank or a control character inside");
            }
            if (EnvironmentText.isLost(url)) {
                throw new IllegalArgumentException(
                        "it has letters that the locale of this process cannot express: percent-encode their octets in UTF-8");
            }
            String rest = url;
            int schemeEnd = url.indexOf("://");
            if (schemeEnd >= 0) {
                rest = url.substring(schemeEnd + 3);
                String scheme = url.substring(0, schemeEnd).toLowerCase(Locale.ROOT);
                if (scheme.equals("direct") && rest.matches("/?")) {
                    return new ProxyUrl(Optional.empty(), warnings);
                }
                kind = kind(scheme);
            }
            return new ProxyUrl(Optional.of(server(authority(rest))), warnings);
        }

        /** Quotes and blanks come from container and YAML files. */
        private String unwrap(String value) {
            String text = value.strip();
            while (text.length() > 1
                    && (text.charAt(0) == '"' || text.charAt(0) == '\'')
                    && text.charAt(0) == text.charAt(text.length() - 1)) {
                text = text.substring(1, text.length() - 1).strip();
            }
            if (!text.equals(value)) {
                warnings.add("quotes or blanks around the proxy's URL are ignored");
            }
            return text;
        }

        private ProxyKind kind(String scheme) {
            if (!SCHEME.matcher(scheme).matches()) {
                throw new IllegalArgumentException("its scheme is malformed: " + SCHEMES);
            }
            if (scheme.equals("socks")) {
                warnings.add("socks:// is taken for socks5h://");
                return ProxyKind.SOCKS5H;
            }
            for (ProxyKind known : ProxyKind.values()) {
                if (known.scheme().equals(scheme)) {
                    if (known == ProxyKind.SOCKS5) {
                        warnings.add("with socks5:// the hub's name is resolved here, with socks5h:// by the proxy");
                    }
                    return known;
                }
            }
            // another word there may be part of a password
            throw new IllegalArgumentException(
                    SCHEMES + (scheme.matches("ftp|quic|direct|wss?") ? ", not " + scheme + "://" : ""));
        }

        private String authority(String rest) {
            int end = 0;
            while (end < rest.length() && "/?#".indexOf(rest.charAt(end)) < 0) {
                end++;
            }
            String path = rest.substring(end);
            if (path.indexOf('@') >= 0) {
                throw new IllegalArgumentException(
                        "there is an @ behind a / ? or #: percent-encode / as %2F, ? as %3F and # as %23 in credentials");
            }
            if (path.length() > 1) {
                warnings.add("the path of the proxy's URL is ignored");
            }
            return rest.substring(0, end);
        }

        private ProxyServer server(String authority) {
            int at = authority.lastIndexOf('@');
            ProxyAuthentication authentication =
                    at < 0 ? ProxyAuthentication.NONE : ProxyAuthentication.of(credentials(authority.substring(0, at)));
            return ProxyServer.of(kind, address(authority.substring(at + 1)), authentication);
        }

        private UserPassword credentials(String userinfo) {
            int colon = userinfo.indexOf(':');
            String user = decoded(colon < 0 ? userinfo : userinfo.substring(0, colon));
            String password = colon < 0 ? "" : decoded(userinfo.substring(colon + 1));
            if (user.isEmpty()) {
                throw new IllegalArgumentException("the user name before the @ is empty");
            }
            if ((user + password).chars().anyMatch(Character::isISOControl)) {
                throw new IllegalArgumentException("user name and password must not contain a control character");
            }
            return new UserPassword(user, password);
        }

        /** The text as it is where it cannot be decoded: both spellings are in use. */
        private String decoded(String text) {
            if (!PercentText.isEncoded(text)) {
                return text;
            }
            return PercentText.decode(text).orElseGet(() -> {
                warnings.add("an escape in the proxy's credentials is not UTF-8 and is taken literally");
                return text;
            });
        }

        private HostPort address(String hostPort) {
            if (hostPort.startsWith("[")) {
                int end = hostPort.indexOf(']');
                String tail = hostPort.substring(end + 1);
                if (end < 0 || (!tail.isEmpty() && tail.charAt(0) != ':')) {
                    throw new IllegalArgumentException("an IPv6 address is written [address] or [address]:port");
                }
                return new HostPort(ipv6(hostPort.substring(1, end)), port(tail));
            }
            int colon = hostPort.indexOf(':');
            if (colon != hostPort.lastIndexOf(':')) {
                throw new IllegalArgumentException(
                        "there is more than one colon in its host and port: an IPv6 address needs brackets");
            }
            String host = colon < 0 ? hostPort : hostPort.substring(0, colon);
            if (host.isEmpty()) {
                throw new IllegalArgumentException("its host is empty");
            }
            return new HostPort(name(host), port(colon < 0 ? "" : hostPort.substring(colon)));
        }

        private static String name(String host) {
            try {
                String name = HostName.withoutRoot(host);
                return HostName.ascii(name) + host.substring(name.length());
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException("its host is not a host name", e);
            }
        }

        /** RFC 6874 writes the zone as %25eth0, people write %eth0. It is needed to connect. */
        private static String ipv6(String literal) {
            int percent = literal.indexOf('%');
            String address = percent < 0 ? literal : literal.substring(0, percent);
            String zone = percent < 0 ? "" : literal.substring(percent).replaceFirst("^%25(?=.)", "%");
            if (!NetUtil.isValidIpV6Address(address) || !zone.matches("(%[A-Za-z0-9._~-]+)?")) {
                throw new IllegalArgumentException("the brackets hold no IPv6 address");
            }
            return address.toLowerCase(Locale.ROOT) + zone;
        }

        private int port(String colonAndPort) {
            if (colonAndPort.length() < 2) {
                if (kind == ProxyKind.HTTP) { // of which the world has several ideas, not so of the others' ports
                    warnings.add("the proxy's URL has no port, 80 is assumed");
                }
                return kind.defaultPort();
            }
            String digits = colonAndPort.substring(1);
            int port = PORT.matcher(digits).matches() ? Integer.parseInt(digits) : 0;
            if (port < 1 || port > 65_535) {
                throw new IllegalArgumentException("its port is not a number from 1 to 65535");
            }
            return port;
        }
    }
}
