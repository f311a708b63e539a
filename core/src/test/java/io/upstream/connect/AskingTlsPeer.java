// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

/** A TLS server on the JDK that insists on a client certificate and takes any, whatever authorities it says that it likes. */
final class AskingTlsPeer implements AutoCloseable {
    private final SSLServerSocket server;

    AskingTlsPeer(X509Bundle certificate, List<X509Certificate> liked, String version) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(certificate.toKeyManagerFactory().getKeyManagers(), new TrustManager[] {new Anybody(liked)}, null);
        server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        server.setEnabledProtocols(new String[] {version});
        server.setNeedClientAuth(true);
    }

    int port() {
        return server.getLocalPort();
    }

    /** Takes the next connection, writes one byte behind the session ticket, and gives what the client has shown. */
    CompletableFuture<X509Certificate> accept() {
        return CompletableFuture.supplyAsync(() -> {
            try (SSLSocket peer = (SSLSocket) server.accept()) {
                peer.startHandshake();
                peer.getOutputStream().write('.');
                return (X509Certificate) peer.getSession().getPeerCertificates()[0];
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private static final class Anybody extends X509ExtendedTrustManager {
        private final List<X509Certificate> liked;

        Anybody(List<X509Certificate> liked) {
            this.liked = liked;
        }

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType) {
            throw new AssertionError();
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, Socket socket) {
            throw new AssertionError();
        }

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String authType, SSLEngine engine) {
            throw new AssertionError();
        }

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return liked.toArray(X509Certificate[]::new);
        }
    }
}
