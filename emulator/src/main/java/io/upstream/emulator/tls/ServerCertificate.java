// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.tls;

import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLException;

/** A server's certificate with its key and its issuer. Immutable. */
public final class ServerCertificate {
    private final PrivateKey key;
    private final List<X509Certificate> chain;

    ServerCertificate(PrivateKey key, List<X509Certificate> chain) {
        this.key = key;
        this.chain = List.copyOf(chain);
    }

    public PrivateKey key() {
        return key;
    }

    /** The server's certificate first, its issuer last. */
    public List<X509Certificate> chain() {
        return chain;
    }

    /** A server context for TLS 1.2 and 1.3 that asks no certificate of the client. */
    public SslContext sslContext() {
        return build(builder());
    }

    /** As {@link #sslContext}, but asks for a client certificate: none will do, and so will any that the client has the key of. */
    public SslContext sslContextAskingForCertificate() {
        return build(builder().clientAuth(ClientAuth.OPTIONAL).trustManager(new AnyClient()));
    }

    private SslContextBuilder builder() {
        return SslContextBuilder.forServer(key, chain.toArray(X509Certificate[]::new))
                .protocols("TLSv1.3", "TLSv1.2");
    }

    private static SslContext build(SslContextBuilder builder) {
        try {
            return builder.build();
        } catch (SSLException e) {
            throw new IllegalStateException("this JVM cannot serve TLS with an EC P-256 certificate", e);
        }
    }
}
