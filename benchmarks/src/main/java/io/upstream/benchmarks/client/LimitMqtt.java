// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.benchmarks.load.Payload;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** CONNECT, then the same PUBLISH head over and over with another packet id. */
final class LimitMqtt implements LimitProtocol {
    private static final int CONNACK = 0x2002;
    private static final int PUBACK = 0x4002;

    private final String clientId;
    private final byte[] head;
    private int packetId;

    LimitMqtt(String clientId, String topic) {
        this.clientId = clientId;
        ByteBuffer encoded = ByteBuffer.allocate(3 + 2 + topic.length());
        int remaining = 2 + topic.length() + 2 + Payload.SIZE;
        encoded.put((byte) 0x32).put((byte) ((remaining & 0x7F) | 0x80)).put((byte) (remaining >> 7));
        LimitClient.text(encoded, topic);
        head = Arrays.copyOf(encoded.array(), encoded.position());
    }

    @Override
    public void login(OutputStream out, DataInputStream in) throws IOException {
        ByteBuffer connect = ByteBuffer.allocate(64);
        connect.put((byte) 0x10).put((byte) (12 + clientId.length()));
        LimitClient.text(connect, "MQTT");
        connect.put((byte) 4).put((byte) 2).putShort((short) 60);
        LimitClient.text(connect, clientId);
        out.write(connect.array(), 0, connect.position());
        if (in.readUnsignedShort() != CONNACK || in.readUnsignedShort() != 0) {
            throw new IOException("the sink did not accept the CONNECT");
        }
    }

    @Override
    public int headLength() {
        return head.length + 2;
    }

    @Override
    public void encode(byte[] payload, ByteBuffer out) {
        packetId = packetId % 65_535 + 1;
        out.put(head).putShort((short) packetId).put(payload);
    }

    @Override
    public int readAcks(DataInputStream in) throws IOException {
        int type = in.readUnsignedShort();
        if (type != PUBACK) {
            throw new IOException("0x" + Integer.toHexString(type) + " in place of a PUBACK");
        }
        in.readUnsignedShort();
        return 1;
    }
}
