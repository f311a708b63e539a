// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;

/** Writes AMQP 1.0 frames; lists are always {@code list32}, so that their size can be filled in afterwards. */
final class AmqpWriter {
    static final int AMQP = 0;
    static final int SASL = 1;

    private AmqpWriter() {}

    /** Begins a frame and gives its start, which {@link #endFrame} wants. */
    static int beginFrame(ByteBuf out, int type, int channel) {
        int start = out.writerIndex();
        out.writeInt(0).writeByte(2).writeByte(type).writeShort(channel);
        return start;
    }

    static void endFrame(ByteBuf out, int start) {
        out.setInt(start, out.writerIndex() - start);
    }

    /** Begins a described list of so many fields and gives its start, which {@link #endList} wants. */
    static int beginList(ByteBuf out, int descriptor, int fields) {
        out.writeByte(0).writeByte(0x53).writeByte(descriptor).writeByte(0xD0);
        int start = out.writerIndex();
        out.writeInt(0).writeInt(fields);
        return start;
    }

    static void endList(ByteBuf out, int start) {
        out.setInt(start, out.writerIndex() - start - 4);
    }

    static void nil(ByteBuf out) {
        out.writeByte(0x40);
    }

    static void flag(ByteBuf out, boolean value) {
        out.writeByte(value ? 0x41 : 0x42);
    }

    static void ubyte(ByteBuf out, int value) {
        out.writeByte(0x50).writeByte(value);
    }

    static void ushort(ByteBuf out, int value) {
        out.writeByte(0x60).writeShort(value);
    }

    static void uint(ByteBuf out, long value) {
        out.writeByte(0x70).writeInt((int) value);
    }

    static void string(ByteBuf out, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        out.writeByte(0xB1).writeInt(bytes.length).writeBytes(bytes);
    }

    static void binary(ByteBuf out, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        out.writeByte(0xA0).writeByte(bytes.length).writeBytes(bytes);
    }

    /** An array of symbols. */
    static void symbols(ByteBuf out, String... values) {
        out.writeByte(0xF0);
        int start = out.writerIndex();
        out.writeInt(0).writeInt(values.length).writeByte(0xA3);
        for (String value : values) {
            out.writeByte(value.length()).writeBytes(value.getBytes(StandardCharsets.US_ASCII));
        }
        out.setInt(start, out.writerIndex() - start - 4);
    }

    /** A disposition by the receiver: settled, accepted, from {@code first} to {@code last}. */
    static void accepted(ByteBuf out, int channel, long first, long last) {
        int frame = beginFrame(out, AMQP, channel);
        out.writeByte(0)
                .writeByte(0x53)
                .writeByte(0x15)
                .writeByte(0xC0)
                .writeByte(17)
                .writeByte(5);
        flag(out, true);
        uint(out, first);
        uint(out, last);
        flag(out, true);
        out.writeByte(0).writeByte(0x53).writeByte(0x24).writeByte(0x45);
        endFrame(out, frame);
    }
}
