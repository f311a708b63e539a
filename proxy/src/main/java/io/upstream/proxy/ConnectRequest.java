// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.util.NetUtil;
import io.upstream.HostPort;
import io.upstream.ProxyHeaders;

/**
 * The head of a CONNECT (RFC 9112 section 3.2.3): target and {@code Host} are the same authority, always with its port. The host goes
 * by its name, since the proxy resolves it, filters by it and logs it.
 */
final class ConnectRequest {
    private final String authority;
    private final ProxyHeaders headers;

    /** @throws IllegalArgumentException if the target cannot be named to a proxy */
    ConnectRequest(HostPort target) {
        this(target, ProxyHeaders.DEFAULT);
    }

    /** @throws IllegalArgumentException if the target cannot be named to a proxy */
    ConnectRequest(HostPort target, ProxyHeaders headers) {
        this.authority = authorityOf(target);
        this.headers = headers;
    }

    /** The request-target, {@code host:port}. */
    String authority() {
        return authority;
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
     * The bytes to send, as ISO-8859-1: what a proxy's challenge held goes back as it came. {@code Proxy-Connection} is no standard, but keeps proxies of the HTTP/1.0 era from closing.
     *
     * @param authorization the value of {@code Proxy-Authorization}, or empty for none
     */
    String head(String authorization) {
        StringBuilder head = new StringBuilder("CONNECT ").append(authority).append(" HTTP/1.1\r\n");
        field(head, "Host", authority);
        field(head, "Proxy-Authorization", authorization);
        field(head, "User-Agent", headers.userAgent());
        field(head, "Proxy-Connection", "Keep-Alive");
        headers.more()
                .forEach((name, value) ->
                        head.append(name).append(": ").append(value).append("\r\n"));
        return head.append("\r\n").toString();
    }

    private static void field(StringBuilder head, String name, String value) {
        if (!value.isEmpty()) {
            head.append(name).append(": ").append(value).append("\r\n");
        }
    }
}
