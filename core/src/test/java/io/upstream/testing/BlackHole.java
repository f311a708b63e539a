// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** A port that answers nothing: its queue of connections is full and nobody takes one out, so that Linux drops what comes. */
public final class BlackHole implements AutoCloseable {
    private static final int MORE_THAN_FIT = 6;

    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final List<SocketChannel> queued = new ArrayList<>();

    /** Begins to listen, port 0 for any. */
    public BlackHole(InetSocketAddress address) throws IOException {
        listener.bind(address, 1);
        for (int i = 0; i < MORE_THAN_FIT; i++) {
            SocketChannel filler = SocketChannel.open();
            queued.add(filler);
            filler.configureBlocking(false);
            filler.bind(null); // so that its port is known, connected or not
            filler.connect(listener.getLocalAddress());
        }
    }

    /** Where it listens. */
    public int port() {
        return listener.socket().getLocalPort();
    }

    /** Lets the connections in at last, and gives the first that is not one of those that kept the others out. Waits for it. */
    public SocketChannel letIn() throws IOException {
        Set<Integer> own = new HashSet<>();
        for (SocketChannel filler : queued) {
            own.add(filler.socket().getLocalPort());
            filler.close();
        }
        while (true) {
            SocketChannel next = listener.accept();
            if (!own.contains(next.socket().getPort())) {
                return next;
            }
            next.close();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (SocketChannel filler : queued) {
            filler.close();
        }
    }
}
