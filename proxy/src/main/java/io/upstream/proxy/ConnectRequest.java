// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.NetUtil;
import io.upstream.HostPort;

/**
 * The head of a CONNECT (RFC 9112 section 3.2.3): target and {@code Host} are the same authority, always with its port. The host goes
 * by its name, since the proxy resolves it, filters by it and logs it.
 */
final class ConnectRequest {
    private final String authority;

    /** @throws IllegalArgumentException if the target cannot be named to a proxy */
    ConnectRequest(HostPort target) {
        authority = authorityOf(target);
    }

    private static String authorityOf(HostPort target) {
        String host = target.host();
        if (host.indexOf('%') >= 0) {
            throw new IllegalArgumentException(
                    "an address with a zone (" + target + ") means nothing to a proxy: name the host, or go direct");
        }
        if (host.indexOf(':') >= 0) {
            if (host.indexOf('[') >= 0 || !NetUtil.isValidIpV6Address(host)) {
                throw new IllegalArgumentException("not an IPv6 address: " + target);
            }
            return "[" + host + "]:" + target.port();
        }
        try {
            return HostName.ascii(HostName.withoutRoot(host)) + ":" + target.port();
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("cannot be asked of a proxy, not a host name: " + target, e);
        }
    }

    /**
     * The bytes to send, all ASCII. {@code Proxy-Connection} is no standard, but keeps proxies of the HTTP/1.0 era from closing.
     *
     * @param authorization the value of {@code Proxy-Authorization}, or empty for none
     */
    String head(String authorization) {
        return "CONNECT " + authority + " HTTP/1.1\r\n"
                + "Host: " + authority + "\r\n"
                + (authorization.isEmpty() ? "" : "Proxy-Authorization: " + authorization + "\r\n")
                + "User-Agent: Upstream\r\n"
                + "Proxy-Connection: Keep-Alive\r\n"
                + "\r\n";
    }
}
