// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Somebody on loopback who does with each connection what the test says, one after the other. */
final class ScriptedPeer implements AutoCloseable {
    private final ServerSocket listener;
    private final Script script;

    @FunctionalInterface
    interface Script {
        void play(Socket connection) throws IOException;
    }

    private ScriptedPeer(ServerSocket listener, Script script) {
        this.listener = listener;
        this.script = script;
    }

    static ScriptedPeer playing(Script script) throws IOException {
        return on(new ServerSocket(0, 8, InetAddress.getLoopbackAddress()), script);
    }

    /** Takes {@code listener}. */
    static ScriptedPeer on(ServerSocket listener, Script script) {
        ScriptedPeer peer = new ScriptedPeer(listener, script);
        Thread thread = new Thread(peer::serve, "scripted-peer");
        thread.setDaemon(true);
        thread.start();
        return peer;
    }

    /** Each array in one write, or octet by octet. */
    static void send(Socket connection, byte[]... pieces) throws IOException {
        for (byte[] piece : pieces) {
            connection.getOutputStream().write(piece);
            connection.getOutputStream().flush();
        }
    }

    static byte[][] octets(byte[] whole) {
        byte[][] pieces = new byte[whole.length][];
        for (int i = 0; i < whole.length; i++) {
            pieces[i] = new byte[] {whole[i]};
        }
        return pieces;
    }

    static void awaitEnd(Socket connection) throws IOException {
        InputStream in = connection.getInputStream();
        while (in.read() >= 0) {
            // whatever the client still says is of no interest
        }
    }

    HostPort address() {
        return new HostPort(listener.getInetAddress().getHostAddress(), listener.getLocalPort());
    }

    /** By a name, which a certificate can be for. */
    HostPort named() {
        return new HostPort("localhost", listener.getLocalPort());
    }

    private void serve() {
        while (!listener.isClosed()) {
            try (Socket connection = listener.accept()) {
                connection.setTcpNoDelay(true);
                script.play(connection);
            } catch (IOException e) {
                // the client has gone or the test is over: the test sees it on its own side
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
