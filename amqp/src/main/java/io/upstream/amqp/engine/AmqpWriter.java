// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The AMQP type encodings that messages need (AMQP 1.0 section 1.6). Writes behind what is there. */
public final class AmqpWriter {
    static final int NULL = 0x40;
    private static final int TRUE = 0x41;
    private static final int FALSE = 0x42;
    private static final int UINT0 = 0x43;
    private static final int SMALL_UINT = 0x52;
    private static final int UINT = 0x70;
    private static final int SYM8 = 0xa3;
    private static final int SYM32 = 0xb3;
    private static final int STR8 = 0xa1;
    private static final int STR32 = 0xb1;
    private static final int BIN8 = 0xa0;
    private static final int BIN32 = 0xb0;
    private static final int TIMESTAMP = 0x83;
    private static final int LIST32 = 0xd0;
    private static final int MAP32 = 0xd1;
    private static final int SMALL_ULONG = 0x53;
    private static final int INT = 0x71;
    private static final int LONG = 0x81;

    private AmqpWriter() {}

    /** Begins a described section with the descriptor 0x00:{@code code}. */
    public static void section(ByteBuf out, int code) {
        out.writeByte(0).writeByte(SMALL_ULONG).writeByte(code);
    }

    public static void nothing(ByteBuf out) {
        out.writeByte(NULL);
    }

    static void bool(ByteBuf out, boolean value) {
        out.writeByte(value ? TRUE : FALSE);
    }

    /** An unsigned int, in as few bytes as it needs. */
    static void uint(ByteBuf out, int value) {
        if (value == 0) {
            out.writeByte(UINT0);
        } else if ((value & 0xff) == value) {
            out.writeShort(SMALL_UINT << 8 | value);
        } else {
            out.writeByte(UINT).writeInt(value);
        }
    }

    public static void string(ByteBuf out, @Nullable String text) {
        text(out, text, STR8, STR32);
    }

    /** The text must be ASCII. */
    public static void symbol(ByteBuf out, @Nullable String text) {
        text(out, text, SYM8, SYM32);
    }

    private static void text(ByteBuf out, @Nullable String text, int small, int large) {
        if (text == null) {
            nothing(out);
            return;
        }
        int length = ByteBufUtil.utf8Bytes(text);
        length(out, length, small, large);
        ByteBufUtil.reserveAndWriteUtf8(out, text, length);
    }

    public static void binary(ByteBuf out, @Nullable String text) {
        if (text == null) {
            nothing(out);
            return;
        }
        int length = ByteBufUtil.utf8Bytes(text);
        binaryLength(out, length);
        ByteBufUtil.reserveAndWriteUtf8(out, text, length);
    }

    /** The type and length of a binary, whose bytes follow. */
    public static void binaryLength(ByteBuf out, int length) {
        length(out, length, BIN8, BIN32);
    }

    private static void length(ByteBuf out, int length, int small, int large) {
        if (length <= 0xff) {
            out.writeByte(small).writeByte(length);
        } else {
            out.writeByte(large).writeInt(length);
        }
    }

    public static void timestamp(ByteBuf out, @Nullable Long epochMillis) {
        if (epochMillis == null) {
            nothing(out);
        } else {
            out.writeByte(TIMESTAMP).writeLong(epochMillis);
        }
    }

    /** An int, or a long if it must be. */
    public static void integer(ByteBuf out, long value) {
        if (value == (int) value) {
            out.writeByte(INT).writeInt((int) value);
        } else {
            out.writeByte(LONG).writeLong(value);
        }
    }

    /** Begins a list of {@code count} elements; gives a mark for {@link #endCompound}. */
    public static int beginList(ByteBuf out, int count) {
        return beginCompound(out, LIST32, count);
    }

    /** Begins a map of {@code entries}; gives a mark for {@link #endCompound}. */
    public static int beginMap(ByteBuf out, int entries) {
        return beginCompound(out, MAP32, entries * 2);
    }

    /** Writes a map with string values. */
    public static void map(ByteBuf out, Map<String, String> entries, Keys keys) {
        int mark = beginMap(out, entries.size());
        entries.forEach((name, value) -> {
            if (keys == Keys.SYMBOLS) {
                symbol(out, name);
            } else {
                string(out, name);
            }
            string(out, value);
        });
        endCompound(out, mark);
    }

    public enum Keys {
        SYMBOLS,
        STRINGS
    }

    private static int beginCompound(ByteBuf out, int type, int count) {
        out.writeByte(type);
        int mark = out.writerIndex();
        out.writeInt(0).writeInt(count);
        return mark;
    }

    public static void endCompound(ByteBuf out, int mark) {
        out.setInt(mark, out.writerIndex() - mark - Integer.BYTES);
    }
}
