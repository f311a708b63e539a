// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.pkitesting.X509Bundle;
import java.io.ByteArrayOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** A TLS server on the JDK that keeps what it writes until it has to read: all of a flight leaves in one segment, with what follows it. */
final class GluingTlsPeer implements AutoCloseable {
    private final SSLContext context = SSLContext.getInstance("TLS");
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ExecutorService threads = Executors.newCachedThreadPool();

    GluingTlsPeer(X509Bundle certificate) throws Exception {
        context.init(certificate.toKeyManagerFactory().getKeyManagers(), null, null);
    }

    int port() {
        return server.getLocalPort();
    }

    /** Takes the next connection and shakes hands, but for what {@link Connection#sayWithTheLastFlight} sends. */
    CompletableFuture<Connection> accept(String version) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return new Connection(new Gluing(server.accept()), version);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                threads);
    }

    final class Connection implements AutoCloseable {
        private final Gluing socket;
        private final SSLSocket tls;

        private Connection(Gluing socket, String version) throws IOException {
            this.socket = socket;
            tls = (SSLSocket) context.getSocketFactory().createSocket(socket, InputStream.nullInputStream(), true);
            tls.setUseClientMode(false);
            tls.setEnabledProtocols(new String[] {version});
            tls.startHandshake();
        }

        void sayWithTheLastFlight(byte... bytes) throws IOException {
            if (bytes.length > 0) {
                tls.getOutputStream().write(bytes);
            }
            socket.send();
        }

        /** One that was not made with the key of this connection. */
        void forgeARecord() throws IOException {
            socket.out.write(new byte[] {23, 3, 3, 0, 64});
            socket.out.write(new byte[64]);
            socket.send();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        threads.shutdownNow();
    }

    /** A socket in other hands, as far as TLS uses one. */
    private static final class Gluing extends Socket {
        private final Socket accepted;
        private final ByteArrayOutputStream out;
        private final InputStream in;

        private Gluing(Socket accepted) throws IOException {
            this.accepted = accepted;
            out = new ByteArrayOutputStream();
            in = new FilterInputStream(accepted.getInputStream()) {
                @Override
                public int read(byte[] into, int at, int length) throws IOException {
                    send();
                    return super.read(into, at, length);
                }
            };
        }

        private void send() throws IOException {
            synchronized (out) {
                out.writeTo(accepted.getOutputStream());
                out.reset();
            }
        }

        @Override
        public InputStream getInputStream() {
            return in;
        }

        @Override
        public OutputStream getOutputStream() {
            return out;
        }

        @Override
        public boolean isConnected() {
            return true;
        }

        @Override
        public boolean isClosed() {
            return accepted.isClosed();
        }

        @Override
        public SocketAddress getRemoteSocketAddress() {
            return accepted.getRemoteSocketAddress();
        }

        @Override
        public InetAddress getInetAddress() {
            return accepted.getInetAddress();
        }

        @Override
        public synchronized void close() throws IOException {
            accepted.close();
        }
    }
}
