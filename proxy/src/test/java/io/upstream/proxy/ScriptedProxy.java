// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A proxy on loopback that reads one request and then does what the test says. */
final class ScriptedProxy implements AutoCloseable {
    private final ServerSocket listener;
    private final Script script;
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();

    /** What happens to a connection once its request has been read. */
    @FunctionalInterface
    interface Script {
        void play(Socket connection) throws IOException;
    }

    private ScriptedProxy(Script script) throws IOException {
        this.script = script;
        this.listener = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    }

    static ScriptedProxy playing(Script script) throws IOException {
        ScriptedProxy proxy = new ScriptedProxy(script);
        Thread thread = new Thread(proxy::serve, "scripted-proxy");
        thread.setDaemon(true);
        thread.start();
        return proxy;
    }

    /** Writes the pieces one after the other, then keeps the connection open until the client leaves. */
    static ScriptedProxy answering(String... pieces) throws IOException {
        return playing(connection -> {
            for (String piece : pieces) {
                send(connection, piece);
            }
            awaitEnd(connection);
        });
    }

    static void send(Socket connection, String text) throws IOException {
        connection.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        connection.getOutputStream().flush();
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

    /** The head of the next request. */
    String request() throws InterruptedException {
        String request = requests.poll(20, TimeUnit.SECONDS);
        if (request == null) {
            throw new AssertionError("no request came");
        }
        return request;
    }

    private void serve() {
        while (!listener.isClosed()) {
            try (Socket connection = listener.accept()) {
                connection.setTcpNoDelay(true);
                requests.add(readHead(connection.getInputStream()));
                script.play(connection);
            } catch (IOException e) {
                // the client has gone or the test is over: the test sees it on its own side
            }
        }
    }

    private static String readHead(InputStream in) throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int b = in.read();
            if (b < 0) {
                throw new IOException("the client left within its request");
            }
            head.write(b);
        }
        return head.toString(StandardCharsets.ISO_8859_1);
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
