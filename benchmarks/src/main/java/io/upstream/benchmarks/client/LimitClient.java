// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.benchmarks.load.Way;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * No client but the limit for one: a blocking socket, the JDK's TLS, one thread that copies prepared heads and payloads into a 64 KiB buffer
 * and reads acknowledgements when the window is full. Nothing is queued, nothing handed over, no error handled.
 */
final class LimitClient implements PeerClient {
    static final int BUFFER = 64 << 10;

    private final Endpoint endpoint;

    LimitClient(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    @Override
    public PeerConnection open(int identity, AckListener acks) throws Exception {
        Socket socket = endpoint.way() == Way.MQTT
                ? new Socket(InetAddress.getByName(endpoint.host()), endpoint.port())
                : SinkTrust.context(endpoint.trust()).getSocketFactory().createSocket(endpoint.host(), endpoint.port());
        socket.setTcpNoDelay(true);
        DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream(), BUFFER));
        LimitProtocol protocol = switch (endpoint.way()) {
            case MQTT, MQTT_TLS -> new LimitMqtt(endpoint.identity(identity), endpoint.topic(identity));
            case AMQP_TLS -> new LimitAmqp("devices/" + endpoint.identity(identity) + "/messages/events");
            default -> throw new IllegalArgumentException("the limit does not speak " + endpoint.way());
        };
        protocol.login(socket.getOutputStream(), in);
        return new Connection(socket, in, protocol, acks);
    }

    @Override
    public String tls() {
        return "JDK";
    }

    @Override
    public void close() {
        // nothing is shared
    }

    /** UTF-8 with its length in two bytes, as MQTT writes it. */
    static void text(ByteBuffer out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.putShort((short) bytes.length).put(bytes);
    }

    private static final class Connection implements PeerConnection {
        private final Socket socket;
        private final DataInputStream in;
        private final OutputStream out;
        private final LimitProtocol protocol;
        private final AckListener acks;
        private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);

        private Connection(Socket socket, DataInputStream in, LimitProtocol protocol, AckListener acks)
                throws IOException {
            this.socket = socket;
            this.in = in;
            this.out = socket.getOutputStream();
            this.protocol = protocol;
            this.acks = acks;
        }

        @Override
        public void send(byte[] payload) throws IOException {
            if (buffer.remaining() < protocol.headLength() + payload.length) {
                flush();
            }
            protocol.encode(payload, buffer);
        }

        @Override
        public void sendAndWait(byte[] payload) throws IOException {
            send(payload);
            flush();
            protocol.readAcks(in);
        }

        @Override
        public boolean collect() throws IOException {
            flush();
            for (int count = protocol.readAcks(in); count > 0; count--) {
                acks.acknowledged();
            }
            return true;
        }

        private void flush() throws IOException {
            out.write(buffer.array(), 0, buffer.position());
            buffer.clear();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }
}
