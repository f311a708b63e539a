// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.CertificateBuilder.Algorithm;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** Certificates, and servers on the JDK's TLS that show them. */
final class TlsPeers {
    private TlsPeers() {}

    static X509Bundle root(String name) throws Exception {
        return new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=" + name)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    static CertificateBuilder leaf(String host) {
        return new CertificateBuilder()
                .algorithm(Algorithm.ecp256)
                .subject("CN=" + host)
                .addSanDnsName(host);
    }

    static SSLContext context(X509Bundle shown, X509Bundle clients) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(
                shown.toKeyManagerFactory().getKeyManagers(),
                clients.toTrustManagerFactory().getTrustManagers(),
                null);
        return context;
    }

    static SSLServerSocket listen(X509Bundle shown) throws Exception {
        return (SSLServerSocket) context(shown, shown)
                .getServerSocketFactory()
                .createServerSocket(0, 8, InetAddress.getLoopbackAddress());
    }

    /** Speaks TLS as the server on a connection that stands. */
    static SSLSocket over(Socket connection, X509Bundle shown) throws IOException {
        try {
            SSLSocket tls = (SSLSocket)
                    context(shown, shown).getSocketFactory().createSocket(connection, (InputStream) null, true);
            tls.setUseClientMode(false);
            return tls;
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Reads the head of a CONNECT and opens the tunnel. */
    static void openTunnel(Socket connection) throws IOException {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int next = connection.getInputStream().read();
            if (next < 0) {
                throw new IOException("the client left within its request");
            }
            head.append((char) next);
        }
        connection
                .getOutputStream()
                .write("HTTP/1.1 200 Connection established\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        connection.getOutputStream().flush();
    }

    /** Opens the tunnel and carries octets both ways until one side leaves. */
    static ScriptedPeer.Script carryingTo(int port) {
        return connection -> {
            openTunnel(connection);
            try (Socket beyond = new Socket(InetAddress.getLoopbackAddress(), port)) {
                Thread back = new Thread(() -> copy(beyond, connection), "tunnel-back");
                back.setDaemon(true);
                back.start();
                copy(connection, beyond);
            }
        };
    }

    private static void copy(Socket from, Socket to) {
        try {
            OutputStream out = to.getOutputStream();
            byte[] some = new byte[16_384];
            for (int count = from.getInputStream().read(some);
                    count > 0;
                    count = from.getInputStream().read(some)) {
                out.write(some, 0, count);
                out.flush();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
