// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.benchmarks.load.Payload;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Open, begin and attach without SASL, then the same transfer head over and over with another delivery id and tag. */
final class LimitAmqp implements LimitProtocol {
    private static final long HEADER = 0x414D5150_00010000L;
    private static final int FLOW = 0x13;
    private static final int DISPOSITION = 0x15;

    /** Where the delivery's id and tag stand in the head. */
    private static final int ID_AT = 16;

    private static final int TAG_AT = 22;

    private final String address;
    private final byte[] head;
    private final ByteBuffer patch;
    private int deliveryId;

    LimitAmqp(String address) {
        this.address = address;
        ByteBuffer out = ByteBuffer.allocate(512);
        out.putInt(0).putInt(0x02000000);
        out.put(bytes(0x00, 0x53, 0x14, 0xC0, 15, 5, 0x43, 0x70)).putInt(0);
        out.put(bytes(0xA0, 4)).putInt(0).put(bytes(0x43, 0x42));
        properties(out);
        out.put(bytes(0x00, 0x53, 0x75, 0xB0)).putInt(Payload.SIZE);
        out.putInt(0, out.position() + Payload.SIZE);
        head = Arrays.copyOf(out.array(), out.position());
        patch = ByteBuffer.wrap(head);
    }

    private static void properties(ByteBuffer out) {
        out.put(bytes(0x00, 0x53, 0x74, 0xC1, 0, 2 * Payload.PROPERTIES));
        int size = out.position() - 2;
        for (int i = 0; i < Payload.PROPERTIES; i++) {
            string(out, Endpoint.Properties.NAMES[i]);
            string(out, Endpoint.Properties.VALUES[i]);
        }
        out.put(size, (byte) (out.position() - size - 1));
    }

    private static void string(ByteBuffer out, String text) {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        out.put(bytes(0xA1, utf8.length)).put(utf8);
    }

    @Override
    public void login(OutputStream out, DataInputStream in) throws IOException {
        ByteBuffer hello = ByteBuffer.allocate(512).putLong(HEADER);
        frame(hello, bytes(0x00, 0x53, 0x10, 0xC0, 8, 1, 0xA1, 5, 'l', 'i', 'm', 'i', 't'));
        ByteBuffer begin = ByteBuffer.allocate(64)
                .put(bytes(0x00, 0x53, 0x11, 0xC0, 13, 4, 0x40, 0x43, 0x70))
                .putInt(Integer.MAX_VALUE)
                .put((byte) 0x70)
                .putInt(Integer.MAX_VALUE);
        frame(hello, Arrays.copyOf(begin.array(), begin.position()));
        ByteBuffer target = ByteBuffer.allocate(256).put(bytes(0x00, 0x53, 0x29, 0xC0, 0, 1));
        string(target, address);
        target.put(4, (byte) (target.position() - 5));
        ByteBuffer attach = ByteBuffer.allocate(256).put(bytes(0x00, 0x53, 0x12, 0xC0, 0, 10));
        string(attach, "telemetry");
        attach.put(bytes(0x43, 0x42, 0x40, 0x40, 0x00, 0x53, 0x28, 0x45)).put(target.array(), 0, target.position());
        attach.put(bytes(0x40, 0x40, 0x43));
        attach.put(4, (byte) (attach.position() - 5));
        frame(hello, Arrays.copyOf(attach.array(), attach.position()));
        out.write(hello.array(), 0, hello.position());
        if (in.readLong() != HEADER) {
            throw new IOException("the sink does not answer with AMQP");
        }
        while (readFrame(in)[2] != FLOW) {
            // open, begin and attach say nothing that matters here
        }
    }

    private static void frame(ByteBuffer out, byte[] body) {
        out.putInt(8 + body.length).putInt(0x02000000).put(body);
    }

    private static byte[] readFrame(DataInputStream in) throws IOException {
        byte[] body = new byte[in.readInt() - 8];
        in.readInt();
        in.readFully(body);
        return body;
    }

    @Override
    public int headLength() {
        return head.length;
    }

    @Override
    public void encode(byte[] payload, ByteBuffer out) {
        patch.putInt(ID_AT, deliveryId).putInt(TAG_AT, deliveryId++);
        out.put(head).put(payload);
    }

    @Override
    public int readAcks(DataInputStream in) throws IOException {
        byte[] body = readFrame(in);
        if (body[2] != DISPOSITION) {
            return 0;
        }
        // role, then first and last as the sink writes them: one constructor byte and four of the number
        ByteBuffer fields = ByteBuffer.wrap(body);
        return fields.getInt(13) - fields.getInt(8) + 1;
    }

    private static byte[] bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return bytes;
    }
}
