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
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A proxy on loopback that does on each of its connections what the test says. Every connection has a thread of its own. */
final class ScriptedProxy implements AutoCloseable {
    /** Everything in one write. */
    static final int WHOLE = 0;
    /** Every byte in a write of its own. */
    static final int BYTES = -1;

    private final ServerSocket listener;
    private final List<Dialogue> dialogues;
    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile int cut = WHOLE;

    /** What happens to a connection once its request has been read. */
    @FunctionalInterface
    interface Script {
        void play(Socket connection) throws IOException;
    }

    /** What happens on a connection from the start. */
    @FunctionalInterface
    interface Dialogue {
        void play(Line line) throws IOException, InterruptedException;
    }

    private ScriptedProxy(List<Dialogue> dialogues) throws IOException {
        this.dialogues = dialogues;
        this.listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    }

    /** One dialogue for each connection since {@link #restart}; the last one serves all further connections. */
    static ScriptedProxy speaking(List<Dialogue> dialogues) throws IOException {
        ScriptedProxy proxy = new ScriptedProxy(dialogues);
        start(proxy::serve);
        return proxy;
    }

    static ScriptedProxy playing(Script script) throws IOException {
        return speaking(List.of(line -> {
            line.request();
            script.play(line.socket);
        }));
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

    /** The heads of all requests since the last {@link #restart}. */
    List<String> requests() {
        return List.copyOf(requests);
    }

    /** How many connections there were since the last {@link #restart}. */
    int connections() {
        return connections.get();
    }

    /**
     * The next connection is the first again.
     *
     * @param cut where each text that is sent is cut in two; or {@link #WHOLE}, or {@link #BYTES}
     */
    void restart(int cut) {
        this.cut = cut;
        connections.set(0);
        requests.clear();
    }

    private void serve() {
        while (!listener.isClosed()) {
            try {
                Socket socket = listener.accept();
                int number = connections.getAndIncrement();
                Dialogue dialogue = dialogues.get(Math.min(number, dialogues.size() - 1));
                start(() -> play(dialogue, socket));
            } catch (IOException e) {
                // the test is over
            }
        }
    }

    private void play(Dialogue dialogue, Socket socket) {
        try (socket) {
            socket.setTcpNoDelay(true);
            dialogue.play(new Line(socket));
        } catch (IOException e) {
            // the client has gone or the test is over: the test sees it on its own side
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work, "scripted-proxy");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        over.countDown();
        listener.close();
    }

    /** One connection, as the proxy sees it. Ends with a FIN when its dialogue does. */
    final class Line {
        final Socket socket;

        Line(Socket socket) {
            this.socket = socket;
        }

        /** Reads the head of a request. */
        String request() throws IOException {
            ByteArrayOutputStream head = new ByteArrayOutputStream();
            while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                int b = socket.getInputStream().read();
                if (b < 0) {
                    throw new IOException("the client left within its request");
                }
                head.write(b);
            }
            String text = head.toString(StandardCharsets.ISO_8859_1);
            requests.add(text);
            return text;
        }

        /** Writes as the test wants it cut. */
        void send(String text) throws IOException {
            if (cut == BYTES && text.length() < 10_000) {
                for (int i = 0; i < text.length(); i++) {
                    ScriptedProxy.send(socket, text.substring(i, i + 1));
                }
            } else if (cut > 0 && cut < text.length()) {
                ScriptedProxy.send(socket, text.substring(0, cut));
                ScriptedProxy.send(socket, text.substring(cut));
            } else {
                ScriptedProxy.send(socket, text);
            }
        }

        /** Answers one request. */
        void answer(String text) throws IOException {
            request();
            send(text);
        }

        /** Writes a text again and again until the client has had enough. */
        void sendForEver(String text, long everyMillis) throws IOException, InterruptedException {
            while (!pause(everyMillis)) {
                ScriptedProxy.send(socket, text);
            }
        }

        /** Lets time pass; true if the test is over. */
        boolean pause(long millis) throws InterruptedException {
            return over.await(millis, TimeUnit.MILLISECONDS);
        }

        void halfClose() throws IOException {
            socket.shutdownOutput();
            awaitEnd();
        }

        /** Ends with a RST instead of a FIN. */
        void reset() throws IOException {
            socket.setSoLinger(true, 0);
            socket.close();
        }

        void awaitEnd() throws IOException {
            ScriptedProxy.awaitEnd(socket);
        }
    }
}
