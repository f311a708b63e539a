// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;

/**
 * Walks over AMQP 1.0 values (part 1 section 1.6) without making objects of them. One cursor is used again for each frame; borrows the
 * buffer until the next {@link #at}.
 */
final class AmqpCursor {
    private static final int DESCRIBED = 0x00;
    private static final int NULL = 0x40;

    private ByteBuf in = Unpooled.EMPTY_BUFFER;
    private int index;
    private int end;

    AmqpCursor at(ByteBuf buffer, int from, int to) {
        in = buffer;
        index = from;
        end = to;
        return this;
    }

    /** Another cursor at the same place. */
    AmqpCursor fork() {
        return new AmqpCursor().at(in, index, end);
    }

    int index() {
        return index;
    }

    boolean isAtEnd() {
        return index >= end;
    }

    /** Steps over {@code 0x00} and the descriptor that follows; gives the descriptor's code. */
    int descriptor() throws ProtocolViolation {
        if (next() != DESCRIBED) {
            throw new ProtocolViolation("a plain value where a described one belongs");
        }
        return (int) number();
    }

    /** Steps over the head of a list or map; gives how many elements follow. */
    int elements() throws ProtocolViolation {
        int code = next();
        switch (code) {
            case 0x45, NULL -> {
                return 0;
            }
            case 0xC0, 0xC1 -> {
                index += 2;
                return in.getUnsignedByte(index - 1);
            }
            case 0xD0, 0xD1 -> {
                index += 8;
                return in.getInt(index - 4);
            }
            default -> throw unexpected(code, "a list or map");
        }
    }

    /** An unsigned number of any width, 0 for null. */
    long number() throws ProtocolViolation {
        int code = next();
        switch (code) {
            case NULL, 0x43, 0x44 -> {
                return 0;
            }
            case 0x50, 0x52, 0x53 -> {
                index += 1;
                return in.getUnsignedByte(index - 1);
            }
            case 0x60 -> {
                index += 2;
                return in.getUnsignedShort(index - 2);
            }
            case 0x70 -> {
                index += 4;
                return in.getUnsignedInt(index - 4);
            }
            case 0x80 -> {
                index += 8;
                return in.getLong(index - 8);
            }
            default -> throw unexpected(code, "a number");
        }
    }

    /** Whether the value is a true boolean; null is false. */
    boolean flag() throws ProtocolViolation {
        int code = next();
        return switch (code) {
            case 0x41 -> true;
            case 0x42, NULL -> false;
            case 0x56 -> in.getByte(index++) != 0;
            default -> throw unexpected(code, "a boolean");
        };
    }

    /** Steps over the head of a binary value; gives its length. The cursor is then at its first byte. */
    int binary() throws ProtocolViolation {
        int code = next();
        switch (code) {
            case 0xA0 -> {
                index += 1;
                return in.getUnsignedByte(index - 1);
            }
            case 0xB0 -> {
                index += 4;
                return in.getInt(index - 4);
            }
            default -> throw unexpected(code, "binary data");
        }
    }

    /** A string or symbol; empty for anything else. */
    String text() throws ProtocolViolation {
        int start = index;
        int code = in.getUnsignedByte(start);
        skip();
        int head = switch (code) {
            case 0xA1, 0xA3 -> 2;
            case 0xB1, 0xB3 -> 5;
            default -> 0;
        };
        return head == 0 ? "" : in.toString(start + head, index - start - head, StandardCharsets.UTF_8);
    }

    /** Steps over one value of any type: the upper half of a constructor tells how wide it is (section 1.6, figure 1.1). */
    void skip() throws ProtocolViolation {
        int code = next();
        if (code == DESCRIBED) {
            skip();
            skip();
            return;
        }
        index += switch (code >> 4) {
            case 0x4 -> 0;
            case 0x5 -> 1;
            case 0x6 -> 2;
            case 0x7 -> 4;
            case 0x8 -> 8;
            case 0x9 -> 16;
            case 0xA, 0xC, 0xE -> 1 + in.getUnsignedByte(index);
            case 0xB, 0xD, 0xF -> 4 + in.getInt(index);
            default -> throw unexpected(code, "a value");
        };
        if (index > end || index < 0) {
            throw new ProtocolViolation("a value that goes on beyond its frame");
        }
    }

    void skip(int values) throws ProtocolViolation {
        for (int i = 0; i < values; i++) {
            skip();
        }
    }

    /** Moves over bytes that were looked at in place. */
    void advance(int bytes) {
        index += bytes;
    }

    private int next() throws ProtocolViolation {
        if (index >= end) {
            throw new ProtocolViolation("a frame that ends within a value");
        }
        return in.getUnsignedByte(index++);
    }

    private static ProtocolViolation unexpected(int code, String wanted) {
        return new ProtocolViolation("constructor 0x" + Integer.toHexString(code) + " in place of " + wanted);
    }
}
