// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslHandler;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.SSLPeerUnverifiedException;

/** What the client of a connection has shown in its TLS handshake. */
public final class PeerCertificates {
    private PeerCertificates() {}

    /**
     * The client's certificate first, then what it sent along; whether anyone trusts them is not said. Empty without TLS or without a
     * certificate. To be asked when the handshake is through, on the channel's event loop.
     */
    public static X509Certificate[] of(Channel channel) {
        SslHandler tls = channel.pipeline().get(SslHandler.class);
        if (tls == null) {
            return new X509Certificate[0];
        }
        try {
            Certificate[] chain = tls.engine().getSession().getPeerCertificates();
            return Arrays.copyOf(chain, chain.length, X509Certificate[].class);
        } catch (SSLPeerUnverifiedException e) {
            return new X509Certificate[0];
        }
    }
}
