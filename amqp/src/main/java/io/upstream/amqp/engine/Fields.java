// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The fields of one described list (AMQP 1.0 sections 1.3 and 1.4), read one after the other where they lie. Those that a list leaves out
 * are absent like those that are null. Used again for each performative; keeps nothing of it. All that is wrong is a {@link Violation},
 * and nothing is allocated by what a size or a count claims.
 */
final class Fields {
    /** No descriptor that AMQP knows. */
    static final int UNKNOWN = -1;

    /** A field that is absent, where no number may be negative. */
    static final int ABSENT = -1;

    private static final int DESCRIBED = 0x00;
    private static final int NULL = 0x40;

    /** Descriptors may be spelled out (section 2.7); nobody does, but everybody may. */
    private static final Map<String, Integer> CODES = Map.ofEntries(
            Map.entry("amqp:open:list", Performative.OPEN),
            Map.entry("amqp:begin:list", Performative.BEGIN),
            Map.entry("amqp:attach:list", Performative.ATTACH),
            Map.entry("amqp:flow:list", Performative.FLOW),
            Map.entry("amqp:transfer:list", Performative.TRANSFER),
            Map.entry("amqp:disposition:list", Performative.DISPOSITION),
            Map.entry("amqp:detach:list", Performative.DETACH),
            Map.entry("amqp:end:list", Performative.END),
            Map.entry("amqp:close:list", Performative.CLOSE),
            Map.entry("amqp:error:list", Performative.ERROR),
            Map.entry("amqp:received:list", Performative.RECEIVED),
            Map.entry("amqp:accepted:list", Outcome.ACCEPTED.code),
            Map.entry("amqp:rejected:list", Outcome.REJECTED.code),
            Map.entry("amqp:released:list", Outcome.RELEASED.code),
            Map.entry("amqp:modified:list", Outcome.MODIFIED.code),
            Map.entry("amqp:sasl-mechanisms:list", Performative.SASL_MECHANISMS),
            Map.entry("amqp:sasl-outcome:list", Performative.SASL_OUTCOME));

    private @Nullable ByteBuf in;
    private int position;
    private int end;
    private int left;

    /**
     * Goes into the described list that lies between {@code from} and {@code to}. Borrows the buffer until the last field is read.
     *
     * @return the descriptor, or {@link #UNKNOWN}
     */
    int open(ByteBuf buffer, int from, int to) {
        in = buffer;
        position = from;
        end = to;
        if (octet() != DESCRIBED) {
            throw Violation.decode("sent a frame whose body is no performative");
        }
        int code = descriptor();
        enterList();
        return code;
    }

    /**
     * Goes into the next field, a described list; what follows it cannot be read any more.
     *
     * @return its descriptor; {@link #UNKNOWN} also if it is absent, and then there are no fields
     */
    int openNested() {
        if (!hasValue()) {
            left = 0;
            return UNKNOWN;
        }
        return open(buffer(), position, end);
    }

    /** Where the list ends: the payload of its frame begins here. */
    int end() {
        return end;
    }

    private int descriptor() {
        int type = octet();
        return switch (type) {
            case 0x53 -> octet();
            case 0x44 -> 0;
            case 0x80 -> code(fixed(Long.BYTES));
            case 0xa3, 0xb3 -> CODES.getOrDefault(text(type), UNKNOWN);
            default -> throw Violation.decode("sent a value with a descriptor of no known type");
        };
    }

    private static int code(long descriptor) {
        return descriptor >= 0 && descriptor <= 0xff ? (int) descriptor : UNKNOWN;
    }

    private void enterList() {
        int type = octet();
        switch (type) {
            case 0x45 -> {
                left = 0;
                end = position;
            }
            case 0xc0 -> {
                int size = within(octet());
                end = position + size;
                left = octet();
            }
            case 0xd0 -> {
                int size = within(int32());
                end = position + size;
                left = int32();
            }
            default -> throw Violation.decode("sent a performative that is no list");
        }
        if (left < 0 || left > end - position) {
            throw Violation.decode("sent a list that cannot have so many fields");
        }
    }

    /** An unsigned int, or {@link #ABSENT}. */
    long uint() {
        if (!hasValue()) {
            return ABSENT;
        }
        return switch (octet()) {
            case 0x70 -> int32() & 0xffff_ffffL;
            case 0x52 -> octet();
            case 0x43 -> 0;
            default -> throw wrong("an unsigned integer");
        };
    }

    /** An unsigned int that has to be there. */
    int requiredUint(String name) {
        long value = uint();
        if (value == ABSENT) {
            throw Violation.invalid("left out " + name);
        }
        return (int) value;
    }

    /** An unsigned long as it is; {@code absent} if it is. */
    long ulong(long absent) {
        if (!hasValue()) {
            return absent;
        }
        return switch (octet()) {
            case 0x80 -> fixed(Long.BYTES);
            case 0x53 -> octet();
            case 0x44 -> 0;
            default -> throw wrong("an unsigned long");
        };
    }

    int ushort(int absent) {
        if (!hasValue()) {
            return absent;
        }
        if (octet() != 0x60) {
            throw wrong("an unsigned short");
        }
        return (int) fixed(Short.BYTES);
    }

    int ubyte(int absent) {
        if (!hasValue()) {
            return absent;
        }
        if (octet() != 0x50) {
            throw wrong("an unsigned byte");
        }
        return octet();
    }

    /** False if absent. */
    boolean bool() {
        if (!hasValue()) {
            return false;
        }
        return switch (octet()) {
            case 0x41 -> true;
            case 0x42 -> false;
            case 0x56 -> octet() != 0;
            default -> throw wrong("a boolean");
        };
    }

    /** A string or a symbol; null if absent. */
    @Nullable
    String text() {
        return hasValue() ? text(octet()) : null;
    }

    private String text(int type) {
        int length = switch (type) {
            case 0xa1, 0xa3 -> within(octet());
            case 0xb1, 0xb3 -> within(int32());
            default -> throw wrong("text");
        };
        String text = buffer().toString(position, length, StandardCharsets.UTF_8);
        position += length;
        return text;
    }

    /** Skips a binary; its length, or {@link #ABSENT}. */
    int binary() {
        if (!hasValue()) {
            return ABSENT;
        }
        int length = switch (octet()) {
            case 0xa0 -> within(octet());
            case 0xb0 -> within(int32());
            default -> throw wrong("a binary");
        };
        position += length;
        return length;
    }

    /** One symbol, or an array of them; empty if absent. */
    List<String> symbols() {
        if (!hasValue()) {
            return List.of();
        }
        int type = octet();
        if (type != 0xe0 && type != 0xf0) {
            return List.of(text(type));
        }
        int size = within(type == 0xf0 ? int32() : octet());
        int after = position + size;
        int count = type == 0xf0 ? int32() : octet();
        return elements(count, after);
    }

    private List<String> elements(int count, int after) {
        if (count < 0 || count > after - position) {
            throw Violation.decode("sent an array that cannot have so many elements");
        }
        int type = octet();
        List<String> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            elements.add(text(type));
        }
        if (position != after) {
            throw Violation.decode("sent an array whose size is wrong");
        }
        return elements;
    }

    /** Skips a field of any type; whether it was there. */
    boolean skip() {
        if (!hasValue()) {
            return false;
        }
        skipValue();
        return true;
    }

    private void skipValue() {
        for (int values = 1; values > 0; values--) {
            int type = octet();
            if (type == DESCRIBED) {
                values += 2; // the descriptor and what it describes
            } else {
                int width = width(type);
                position += width;
            }
        }
    }

    /** A map as {@link AmqpReader} reads it; empty if it is absent, or something else that can be skipped. */
    Map<?, ?> map() {
        if (!hasValue()) {
            return Map.of();
        }
        int from = position;
        skipValue();
        byte[] encoded = ByteBufUtil.getBytes(buffer(), from, position - from);
        try {
            return new AmqpReader(encoded, 0, encoded.length).value() instanceof Map<?, ?> map ? map : Map.of();
        } catch (MalformedMessageException e) {
            return Map.of(); // the rest of an error is worth more than a quarrel about this
        }
    }

    /** How many bytes follow the constructor; they are there. */
    private int width(int type) {
        if (!isKnown(type)) {
            throw Violation.decode("sent a value of the unknown type 0x" + Integer.toHexString(type));
        }
        return switch (type >> 4) {
            case 0x4 -> 0;
            case 0x5 -> within(1);
            case 0x6 -> within(2);
            case 0x7 -> within(4);
            case 0x8 -> within(8);
            case 0x9 -> within(16);
            case 0xa, 0xc, 0xe -> within(octet());
            default -> within(int32());
        };
    }

    /** Section 1.6. */
    private static boolean isKnown(int type) {
        int low = type & 0x0f;
        return switch (type >> 4) {
            case 0x4 -> low <= 5;
            case 0x5 -> low <= 6;
            case 0x6 -> low <= 1;
            case 0x7, 0x8 -> low <= 4;
            case 0x9 -> low == 4 || low == 8;
            case 0xa, 0xb -> low == 0 || low == 1 || low == 3;
            case 0xc, 0xd -> low <= 1;
            case 0xe, 0xf -> low == 0;
            default -> false;
        };
    }

    /** Whether the next field is there; steps over it if it is null. */
    private boolean hasValue() {
        if (left == 0) {
            return false;
        }
        left--;
        need(1);
        if (buffer().getByte(position) == NULL) {
            position++;
            return false;
        }
        return true;
    }

    private int octet() {
        need(1);
        return buffer().getUnsignedByte(position++);
    }

    private int int32() {
        return (int) fixed(Integer.BYTES);
    }

    private long fixed(int width) {
        need(width);
        long value = switch (width) {
            case Short.BYTES -> buffer().getUnsignedShort(position);
            case Integer.BYTES -> buffer().getInt(position);
            default -> buffer().getLong(position);
        };
        position += width;
        return value;
    }

    /** The length, if so much is there. */
    private int within(int length) {
        if (length < 0) {
            throw truncated();
        }
        need(length);
        return length;
    }

    private void need(int length) {
        if (length > end - position) {
            throw truncated();
        }
    }

    private ByteBuf buffer() {
        return Objects.requireNonNull(in, "not opened");
    }

    private static Violation truncated() {
        return Violation.decode("sent a performative that is cut short, or lies about a size");
    }

    private static Violation wrong(String wanted) {
        return Violation.decode("sent a field of the wrong type where " + wanted + " belongs");
    }
}
