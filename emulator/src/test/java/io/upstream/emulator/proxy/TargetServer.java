// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** A listener whose accepted connections the test reads and writes itself. */
final class TargetServer implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    TargetServer() throws IOException {
        server.setSoTimeout(10_000);
    }

    String authority() {
        return "127.0.0.1:" + server.getLocalPort();
    }

    int port() {
        return server.getLocalPort();
    }

    Socket accept() throws IOException {
        Socket socket = server.accept();
        socket.setSoTimeout(10_000);
        return socket;
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
