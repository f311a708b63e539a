// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class AliasesTest {
    private static final Map<String, String> RECORDS = Map.of(
            "proxy.corp.example", "farm.corp.example",
            "farm.corp.example", "node7.corp.example",
            "loop.corp.example", "loop.corp.example");

    @Test
    void followsAliasesToTheirEnd() throws Exception {
        try (NameServer server = new NameServer()) {
            Aliases aliases = new Aliases(server.url());
            assertEquals("node7.corp.example", aliases.resolve("proxy.corp.example"));
            assertEquals("node7.corp.example", aliases.resolve("node7.corp.example"));
            assertEquals("loop.corp.example", aliases.resolve("loop.corp.example"));
        }
    }

    @Test
    void leavesANameAloneThatNobodyKnows() throws Exception {
        NameServer gone = new NameServer();
        gone.close();
        assertEquals("proxy.corp.example", new Aliases(gone.url()).resolve("proxy.corp.example"));
    }

    /** Answers questions for aliases until it is closed. */
    private static final class NameServer implements AutoCloseable {
        private static final int HEADER = 12;
        private static final byte[] ALIAS_OF_THE_NAME_IN_QUESTION = {(byte) 0xC0, HEADER, 0, 5, 0, 1, 0, 0, 0, 60};

        private final DatagramSocket socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        private final Thread thread = new Thread(this::serve, "name-server");

        NameServer() throws IOException {
            thread.start();
        }

        String url() {
            return "dns://127.0.0.1:" + port;
        }

        private final int port = socket.getLocalPort();

        private void serve() {
            byte[] buffer = new byte[512];
            while (!socket.isClosed()) {
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                try {
                    socket.receive(packet);
                    byte[] answer = answer(Arrays.copyOf(buffer, packet.getLength()));
                    socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
                } catch (IOException e) {
                    return; // closed
                }
            }
        }

        private static byte[] answer(byte[] question) {
            StringBuilder name = new StringBuilder();
            int at = HEADER;
            while (question[at] != 0) {
                name.append(name.isEmpty() ? "" : ".")
                        .append(new String(question, at + 1, question[at], StandardCharsets.US_ASCII));
                at += question[at] + 1;
            }
            String alias = RECORDS.get(name.toString());
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            out.write(question, 0, 2);
            out.writeBytes(new byte[] {(byte) 0x81, (byte) 0x80, 0, 1, 0, (byte) (alias == null ? 0 : 1), 0, 0, 0, 0});
            out.write(question, HEADER, at + 5 - HEADER);
            if (alias != null) {
                byte[] encoded = encoded(alias);
                out.writeBytes(ALIAS_OF_THE_NAME_IN_QUESTION);
                out.write(0);
                out.write(encoded.length);
                out.writeBytes(encoded);
            }
            return out.toByteArray();
        }

        private static byte[] encoded(String name) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            for (String label : name.split("\\.", -1)) {
                out.write(label.length());
                out.writeBytes(label.getBytes(StandardCharsets.US_ASCII));
            }
            out.write(0);
            return out.toByteArray();
        }

        @Override
        public void close() {
            socket.close(); // which ends the thread
        }
    }
}
