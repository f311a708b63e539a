// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.benchmarks.load.Payload;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/** Bytes as a peer writes them, by hand. */
final class Wire {
    private static final String TOPIC = "devices/d/messages/events/a=1&b=2&c=3";

    private Wire() {}

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }

    static byte[] join(byte[]... parts) {
        ByteBuf all = Unpooled.buffer();
        for (byte[] part : parts) {
            all.writeBytes(part);
        }
        return drained(all);
    }

    static byte[] drained(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        return bytes;
    }

    static byte[] payload(long sequence) {
        byte[] payload = Payload.create(sequence);
        Payload.stamp(payload, sequence);
        return payload;
    }

    static byte[] mqttConnect() {
        return hex("10 0D 00 04 4D515454 04 02 003C 00 01 64");
    }

    static byte[] mqttPublish(int packetId, byte[] payload) {
        ByteBuf out = Unpooled.buffer();
        int remaining = 2 + TOPIC.length() + 2 + payload.length;
        out.writeByte(0x32).writeByte((remaining & 0x7F) | 0x80).writeByte(remaining >> 7);
        out.writeShort(TOPIC.length()).writeCharSequence(TOPIC, StandardCharsets.US_ASCII);
        out.writeShort(packetId).writeBytes(payload);
        return drained(out);
    }

    static byte[] amqpFrame(int channel, byte[]... body) {
        byte[] all = join(body);
        ByteBuf out = Unpooled.buffer();
        out.writeInt(8 + all.length).writeShort(0x0200).writeShort(channel).writeBytes(all);
        return drained(out);
    }

    /** AMQP header, open, begin and the attach of a sender with initial delivery count 0. */
    static byte[] amqpHello() {
        return join(
                hex("414D5150 00 010000"),
                amqpFrame(0, hex("00 53 10 C0 04 01 A1 01 63")),
                amqpFrame(0, hex("00 53 11 C0 0D 04 40 43 70 7FFFFFFF 70 7FFFFFFF")),
                amqpFrame(
                        0,
                        hex("00 53 12 C0 18 0A A1 01 6E 43 42 40 40 00 53 28 45 00 53 29 C0 04 01 A1 01 74 40 40 43")));
    }

    /** A message with three properties and one data section. */
    static byte[] amqpMessage(byte[] payload) {
        ByteBuf size = Unpooled.buffer(4).writeInt(payload.length);
        return join(
                hex("00 53 74 C1 13 06 A1 01 61 A1 01 31 A1 01 62 A1 01 32 A1 01 63 A1 01 33"),
                hex("00 53 75 B0"),
                drained(size),
                payload);
    }

    static byte[] amqpTransfer(int deliveryId, boolean more, byte[] message) {
        byte[] id = drained(Unpooled.buffer(4).writeInt(deliveryId));
        return amqpFrame(
                0, hex("00 53 14 C0 10 06 43 70"), id, hex("A0 04"), id, hex("43 42 " + (more ? "41" : "42")), message);
    }

    /** A masked frame of binary data. */
    static byte[] webSocket(int opcode, byte[] content) {
        byte[] mask = hex("A1 B2 C3 D4");
        ByteBuf out = Unpooled.buffer().writeByte(0x80 | opcode);
        if (content.length < 126) {
            out.writeByte(0x80 | content.length);
        } else {
            out.writeByte(0xFE).writeShort(content.length);
        }
        out.writeBytes(mask);
        for (int i = 0; i < content.length; i++) {
            out.writeByte(content[i] ^ mask[i % 4]);
        }
        return drained(out);
    }
}
