// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import org.jspecify.annotations.Nullable;

/**
 * A proxy to go through.
 *
 * @param address where it listens; its name is resolved here
 * @param authentication how to answer a proxy that asks who we are
 * @param trust which certificates a proxy of kind {@link ProxyKind#HTTPS} may show; the hub's certificate is judged by the options' own
 * @param certificate shown to a proxy of that kind that asks for one
 * @param headers what an HTTP proxy is told beside
 */
public record ProxyServer(
        ProxyKind kind,
        HostPort address,
        ProxyAuthentication authentication,
        Trust trust,
        @Nullable ClientCertificate certificate,
        ProxyHeaders headers)
        implements Route {

    /** With the default headers. */
    public ProxyServer(
            ProxyKind kind,
            HostPort address,
            ProxyAuthentication authentication,
            Trust trust,
            @Nullable ClientCertificate certificate) {
        this(kind, address, authentication, trust, certificate, ProxyHeaders.DEFAULT);
    }

    /** An HTTP proxy spoken to in plain text, without credentials. */
    public static ProxyServer http(HostPort address) {
        return of(ProxyKind.HTTP, address, ProxyAuthentication.NONE);
    }

    /** An HTTP proxy spoken to in plain text. */
    public static ProxyServer http(HostPort address, UserPassword credentials) {
        return of(ProxyKind.HTTP, address, ProxyAuthentication.of(credentials));
    }

    /** A proxy of any kind, its certificate judged by the system's roots. */
    public static ProxyServer of(ProxyKind kind, HostPort address, ProxyAuthentication authentication) {
        return new ProxyServer(kind, address, authentication, Trust.system(), null);
    }

    /** The same proxy, told something else. */
    public ProxyServer withHeaders(ProxyHeaders headers) {
        return new ProxyServer(kind, address, authentication, trust, certificate, headers);
    }

    /** The same proxy, answered in another way. */
    public ProxyServer withAuthentication(ProxyAuthentication authentication) {
        return new ProxyServer(kind, address, authentication, trust, certificate, headers);
    }

    /** As a URL, without credentials. */
    @Override
    public String toString() {
        return kind.scheme() + "://" + address;
    }
}
