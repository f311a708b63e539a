// SPDX-License-Identifier: Apache-2.0
package io.upstream;

/** What is spoken to a proxy. */
public enum ProxyKind {
    /** HTTP CONNECT in plain text (RFC 9110 section 9.3.6). */
    HTTP("http", 80),
    /** HTTP CONNECT under TLS with the proxy. */
    HTTPS("https", 443),
    /** SOCKS 5 (RFC 1928), the hub's name resolved here. */
    SOCKS5("socks5", 1080),
    /** SOCKS 5, the hub's name resolved by the proxy. */
    SOCKS5H("socks5h", 1080),
    /** SOCKS 4: IPv4 only, the hub's name resolved here. */
    SOCKS4("socks4", 1080),
    /** SOCKS 4a, the hub's name resolved by the proxy. */
    SOCKS4A("socks4a", 1080);

    private final String scheme;
    private final int defaultPort;

    ProxyKind(String scheme, int defaultPort) {
        this.scheme = scheme;
        this.defaultPort = defaultPort;
    }

    /** The scheme of a URL that names such a proxy, in lower case. */
    public String scheme() {
        return scheme;
    }

    /** The port of a URL that names none. */
    public int defaultPort() {
        return defaultPort;
    }
}
