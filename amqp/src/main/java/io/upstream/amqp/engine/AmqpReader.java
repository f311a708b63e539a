// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Reads AMQP values (AMQP 1.0 section 1.6) into Java's own: {@link String} for strings and symbols, {@link Long} for all integers,
 * {@link Double}, {@link Boolean}, {@link Instant}, {@link UUID}, {@code byte[]}, {@link List} for lists and arrays, {@link Map}, null.
 * What is described is read without its descriptor. Depth and sizes are checked before anything is allocated.
 */
public final class AmqpReader {
    private static final int DESCRIBED = AmqpStructure.DESCRIBED;

    private final byte[] in;
    private final int end;
    private int at;

    /** Borrows the bytes from {@code from} to {@code to}. */
    public AmqpReader(byte[] in, int from, int to) {
        this.in = in;
        this.at = from;
        this.end = to;
    }

    public boolean hasMore() {
        return at < end;
    }

    /** Where the next value begins. */
    public int position() {
        return at;
    }

    /** Goes on at {@code position}. */
    public void position(int position) {
        at = position;
    }

    /** The descriptor of a section: a code below 256. */
    public int sectionCode() throws MalformedMessageException {
        if (octet() != DESCRIBED || !(value() instanceof Long code) || code < 0 || code > 0xff) {
            throw new MalformedMessageException("a section without a known descriptor");
        }
        return code.intValue();
    }

    /** Goes over the next value. */
    public void skip() throws MalformedMessageException {
        at = AmqpStructure.skip(in, at, end);
    }

    /** Goes into a list; gives how many elements follow. */
    public int enterList() throws MalformedMessageException {
        int type = octet();
        return switch (type) {
            case 0x45 -> 0;
            case 0xc0, 0xd0 -> enter(type);
            default -> throw new MalformedMessageException("no list where one belongs");
        };
    }

    /** Goes into a map; gives how many pairs of a key and a value follow. */
    public int enterMap() throws MalformedMessageException {
        int type = octet();
        if (type != 0xc1 && type != 0xd1) {
            throw new MalformedMessageException("no map where one belongs");
        }
        return enter(type) / 2;
    }

    private int enter(int type) throws MalformedMessageException {
        boolean wide = (type >> 4) == 0xd;
        int after = wide ? end(int32()) : end(octet());
        int count = wide ? int32() : octet();
        AmqpStructure.requireCount(count, after - at);
        return count;
    }

    /** The next value as text, times in ISO-8601 and bytes as UTF-8; null for null. */
    public @Nullable String text() throws MalformedMessageException {
        Object value = value();
        if (value instanceof byte[] bytes) {
            return new String(bytes, StandardCharsets.UTF_8);
        }
        return value == null ? null : value.toString();
    }

    public @Nullable Object value() throws MalformedMessageException {
        return value(0);
    }

    private @Nullable Object value(int depth) throws MalformedMessageException {
        int type = octet();
        if (type == DESCRIBED) {
            AmqpStructure.requireDepth(depth);
            value(depth + 1);
            return value(depth + 1);
        }
        return value(type, depth);
    }

    private @Nullable Object value(int type, int depth) throws MalformedMessageException {
        return switch (type >> 4) {
            case 0x4 -> empty(type);
            case 0x5, 0x6, 0x7, 0x8, 0x9 -> fixed(type);
            case 0xa, 0xb -> variable(type);
            case 0xc, 0xd -> compound(type, depth);
            case 0xe, 0xf -> array(type, depth);
            default -> throw AmqpStructure.unknown(type);
        };
    }

    private static @Nullable Object empty(int type) throws MalformedMessageException {
        return switch (type) {
            case 0x40 -> null;
            case 0x41 -> true;
            case 0x42 -> false;
            case 0x43, 0x44 -> 0L;
            case 0x45 -> List.of();
            default -> throw AmqpStructure.unknown(type);
        };
    }

    private Object fixed(int type) throws MalformedMessageException {
        return switch (type) {
            case 0x50, 0x52, 0x53 -> (long) octet();
            case 0x51, 0x54, 0x55 -> (long) (byte) octet();
            case 0x56 -> octet() != 0;
            case 0x60 -> (long) int16();
            case 0x61 -> (long) (short) int16();
            case 0x70 -> int32() & 0xffff_ffffL;
            case 0x71 -> (long) int32();
            case 0x72 -> (double) Float.intBitsToFloat(int32());
            case 0x73 -> new String(Character.toChars(codePoint()));
            case 0x80, 0x81 -> int64();
            case 0x82 -> Double.longBitsToDouble(int64());
            case 0x83 -> Instant.ofEpochMilli(int64());
            case 0x98 -> new UUID(int64(), int64());
            case 0x74, 0x84, 0x94 -> bytes(AmqpStructure.width(type));
            default -> throw AmqpStructure.unknown(type);
        };
    }

    private int codePoint() throws MalformedMessageException {
        int point = int32();
        AmqpStructure.requireCodePoint(point);
        return point;
    }

    private Object variable(int type) throws MalformedMessageException {
        int length = (type >> 4) == 0xa ? octet() : int32();
        return switch (type & 0x0f) {
            case 0x0 -> bytes(length);
            case 0x1 -> string(length, StandardCharsets.UTF_8);
            case 0x3 -> string(length, StandardCharsets.US_ASCII);
            default -> throw AmqpStructure.unknown(type);
        };
    }

    private Object compound(int type, int depth) throws MalformedMessageException {
        AmqpStructure.requireDepth(depth);
        boolean wide = (type >> 4) == 0xd;
        int after = wide ? end(int32()) : end(octet());
        int count = wide ? int32() : octet();
        AmqpStructure.requireCount(count, after - at);
        Object compound = switch (type & 0x0f) {
            case 0x0 -> list(count, depth + 1);
            case 0x1 -> map(count, depth + 1);
            default -> throw AmqpStructure.unknown(type);
        };
        if (at != after) {
            throw new MalformedMessageException("a compound value whose size is wrong");
        }
        return compound;
    }

    private List<@Nullable Object> list(int count, int depth) throws MalformedMessageException {
        List<@Nullable Object> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            elements.add(value(depth));
        }
        return elements;
    }

    private Map<String, @Nullable Object> map(int count, int depth) throws MalformedMessageException {
        AmqpStructure.requireEntries(count);
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        for (int i = 0; i < count; i += 2) {
            entries.put(String.valueOf(value(depth)), value(depth));
        }
        return entries;
    }

    private List<@Nullable Object> array(int type, int depth) throws MalformedMessageException {
        AmqpStructure.requireDepth(depth);
        boolean wide = (type >> 4) == 0xf;
        if ((type & 0x0f) != 0) {
            throw AmqpStructure.unknown(type);
        }
        int after = wide ? end(int32()) : end(octet());
        int count = wide ? int32() : octet();
        int element = octet();
        if (element == DESCRIBED) {
            value(depth + 1);
            element = octet();
        }
        AmqpStructure.requireCount(count, after - at); // elements without width would cost memory and no bytes
        List<@Nullable Object> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            elements.add(value(element, depth + 1));
        }
        if (at != after) {
            throw new MalformedMessageException("an array whose size is wrong");
        }
        return elements;
    }

    /** Where the next {@code size} bytes end. */
    private int end(int size) throws MalformedMessageException {
        return AmqpStructure.within(at, size, end);
    }

    private int octet() throws MalformedMessageException {
        int octet = AmqpStructure.octet(in, at, end);
        at++;
        return octet;
    }

    private int int16() throws MalformedMessageException {
        return octet() << 8 | octet();
    }

    private int int32() throws MalformedMessageException {
        int value = AmqpStructure.int32(in, at, end);
        at += Integer.BYTES;
        return value;
    }

    private long int64() throws MalformedMessageException {
        return ((long) int32() << 32) | (int32() & 0xffff_ffffL);
    }

    private byte[] bytes(int length) throws MalformedMessageException {
        int after = end(length);
        byte[] bytes = Arrays.copyOfRange(in, at, after);
        at = after;
        return bytes;
    }

    private String string(int length, Charset charset) throws MalformedMessageException {
        int after = end(length);
        String text = new String(in, at, length, charset);
        at = after;
        return text;
    }
}
