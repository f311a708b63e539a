// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.X509ExtendedKeyManager;

/** A TLS server on the JDK that counts how often it has to use its key: never for a handshake that resumes. */
final class TlsPeer implements AutoCloseable {
    private final AtomicInteger keyUses = new AtomicInteger();
    private final SSLServerSocket server;

    TlsPeer(X509Bundle certificate, String... versions) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        X509ExtendedKeyManager keys =
                (X509ExtendedKeyManager) certificate.toKeyManagerFactory().getKeyManagers()[0];
        context.init(new KeyManager[] {new Counting(keys)}, null, null);
        server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        if (versions.length > 0) {
            server.setEnabledProtocols(versions);
        }
    }

    int port() {
        return server.getLocalPort();
    }

    int keyUses() {
        return keyUses.get();
    }

    /** Takes the next connection and writes one byte, behind the session ticket. */
    SSLSocket take() throws IOException {
        SSLSocket peer = (SSLSocket) server.accept();
        peer.startHandshake();
        peer.getOutputStream().write('.');
        return peer;
    }

    CompletableFuture<SSLSocket> accept() {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return take();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private final class Counting extends X509ExtendedKeyManager {
        private final X509ExtendedKeyManager keys;

        Counting(X509ExtendedKeyManager keys) {
            this.keys = keys;
        }

        @Override
        public PrivateKey getPrivateKey(String alias) {
            keyUses.incrementAndGet();
            return keys.getPrivateKey(alias);
        }

        @Override
        public X509Certificate[] getCertificateChain(String alias) {
            return keys.getCertificateChain(alias);
        }

        @Override
        public String[] getClientAliases(String keyType, Principal[] issuers) {
            return keys.getClientAliases(keyType, issuers);
        }

        @Override
        public String chooseClientAlias(String[] keyType, Principal[] issuers, Socket socket) {
            return keys.chooseClientAlias(keyType, issuers, socket);
        }

        @Override
        public String[] getServerAliases(String keyType, Principal[] issuers) {
            return keys.getServerAliases(keyType, issuers);
        }

        @Override
        public String chooseServerAlias(String keyType, Principal[] issuers, Socket socket) {
            return keys.chooseServerAlias(keyType, issuers, socket);
        }
    }
}
