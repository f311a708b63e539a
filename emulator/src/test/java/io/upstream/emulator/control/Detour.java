// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A CONNECT proxy that leads every request to one port of this machine. The JDK's HTTPS client names its target without the port in the
 * Host field, which RFC 9112 section 3.2 forbids and {@code ConnectProxy} refuses.
 */
final class Detour implements AutoCloseable {
    private static final int LIMIT_MILLIS = 20_000;

    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final int port;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    private final AtomicInteger tunnels = new AtomicInteger();

    Detour(int port) throws IOException {
        this.port = port;
        start(this::accept);
    }

    InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    int tunnels() {
        return tunnels.get();
    }

    /** What a thread of this proxy does until a socket closes. */
    private interface Work {
        void run() throws IOException;
    }

    private static void start(Work work) {
        Thread thread = new Thread(() -> {
            try {
                work.run();
            } catch (IOException e) {
                // A socket was closed: that is how all of them end.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = server.accept();
            sockets.add(client);
            start(() -> tunnel(client));
        }
    }

    private void tunnel(Socket client) throws IOException {
        client.setSoTimeout(LIMIT_MILLIS);
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
            int octet = client.getInputStream().read();
            if (octet < 0) {
                return;
            }
            head.append((char) octet);
        }
        client.setSoTimeout(0);
        Socket target = new Socket(InetAddress.getLoopbackAddress(), port);
        sockets.add(target);
        tunnels.incrementAndGet();
        client.getOutputStream().write("HTTP/1.1 200 OK\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        start(() -> copy(target, client));
        copy(client, target);
    }

    private static void copy(Socket from, Socket to) throws IOException {
        try {
            from.getInputStream().transferTo(to.getOutputStream());
        } finally {
            from.close();
            to.close();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        for (Socket each : sockets) {
            each.close();
        }
    }
}
