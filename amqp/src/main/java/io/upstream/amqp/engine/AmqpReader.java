// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
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
    private static final int MAX_DEPTH = 16;
    private static final int DESCRIBED = 0x00;

    private final ByteBuf in;

    /** Borrows; reads from the buffer's reader index on, and moves it. */
    public AmqpReader(ByteBuf in) {
        this.in = in;
    }

    public boolean hasMore() {
        return in.isReadable();
    }

    /** The descriptor of a section: a code below 256. */
    public int sectionCode() throws MalformedMessageException {
        if (octet() != DESCRIBED || !(value() instanceof Long code) || code < 0 || code > 0xff) {
            throw new MalformedMessageException("a section without a known descriptor");
        }
        return code.intValue();
    }

    public @Nullable Object value() throws MalformedMessageException {
        try {
            return value(0);
        } catch (IndexOutOfBoundsException e) {
            throw new MalformedMessageException("cut short");
        }
    }

    private @Nullable Object value(int depth) throws MalformedMessageException {
        int type = octet();
        if (type == DESCRIBED) {
            requireDepth(depth);
            value(depth + 1);
            return value(depth + 1);
        }
        return value(type, depth);
    }

    private void requireDepth(int depth) throws MalformedMessageException {
        if (depth >= MAX_DEPTH) {
            throw new MalformedMessageException("values nested deeper than " + MAX_DEPTH);
        }
    }

    private @Nullable Object value(int type, int depth) throws MalformedMessageException {
        return switch (type >> 4) {
            case 0x4 -> empty(type);
            case 0x5, 0x6, 0x7, 0x8, 0x9 -> fixed(type);
            case 0xa, 0xb -> variable(type);
            case 0xc, 0xd -> compound(type, depth);
            case 0xe, 0xf -> array(type, depth);
            default -> throw unknown(type);
        };
    }

    private static MalformedMessageException unknown(int type) {
        return new MalformedMessageException("an unknown type 0x" + Integer.toHexString(type));
    }

    private static @Nullable Object empty(int type) throws MalformedMessageException {
        return switch (type) {
            case 0x40 -> null;
            case 0x41 -> true;
            case 0x42 -> false;
            case 0x43, 0x44 -> 0L;
            case 0x45 -> List.of();
            default -> throw unknown(type);
        };
    }

    private Object fixed(int type) throws MalformedMessageException {
        return switch (type) {
            case 0x50, 0x52, 0x53 -> (long) octet();
            case 0x51, 0x54, 0x55 -> (long) in.readByte();
            case 0x56 -> octet() != 0;
            case 0x60 -> (long) in.readUnsignedShort();
            case 0x61 -> (long) in.readShort();
            case 0x70 -> in.readInt() & 0xffff_ffffL;
            case 0x71 -> (long) in.readInt();
            case 0x72 -> (double) in.readFloat();
            case 0x73 -> new String(Character.toChars(codePoint()));
            case 0x80, 0x81 -> in.readLong();
            case 0x82 -> in.readDouble();
            case 0x83 -> Instant.ofEpochMilli(in.readLong());
            case 0x98 -> new UUID(in.readLong(), in.readLong());
            case 0x74 -> bytes(4);
            case 0x84 -> bytes(8);
            case 0x94 -> bytes(16);
            default -> throw unknown(type);
        };
    }

    private int codePoint() throws MalformedMessageException {
        int point = in.readInt();
        if (!Character.isValidCodePoint(point)) {
            throw new MalformedMessageException("a character that is none");
        }
        return point;
    }

    private Object variable(int type) throws MalformedMessageException {
        int length = (type >> 4) == 0xa ? octet() : size();
        return switch (type & 0x0f) {
            case 0x0 -> bytes(length);
            case 0x1 -> new String(bytes(length), StandardCharsets.UTF_8);
            case 0x3 -> new String(bytes(length), StandardCharsets.US_ASCII);
            default -> throw unknown(type);
        };
    }

    private Object compound(int type, int depth) throws MalformedMessageException {
        requireDepth(depth);
        boolean wide = (type >> 4) == 0xd;
        int end = end(wide ? size() : octet());
        int count = wide ? in.readInt() : octet();
        if (count < 0 || count > end - in.readerIndex()) {
            throw new MalformedMessageException("a count of " + Integer.toUnsignedString(count) + " that cannot be");
        }
        Object compound = switch (type & 0x0f) {
            case 0x0 -> list(count, depth + 1);
            case 0x1 -> map(count, depth + 1);
            default -> throw unknown(type);
        };
        if (in.readerIndex() != end) {
            throw new MalformedMessageException("a compound value whose size is wrong");
        }
        return compound;
    }

    private int end(int size) throws MalformedMessageException {
        if (size > in.readableBytes()) {
            throw new MalformedMessageException("a size beyond the end");
        }
        return in.readerIndex() + size;
    }

    private List<@Nullable Object> list(int count, int depth) throws MalformedMessageException {
        List<@Nullable Object> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            elements.add(value(depth));
        }
        return elements;
    }

    private Map<String, @Nullable Object> map(int count, int depth) throws MalformedMessageException {
        if (count % 2 != 0) {
            throw new MalformedMessageException("a map with half an entry");
        }
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        for (int i = 0; i < count; i += 2) {
            entries.put(String.valueOf(value(depth)), value(depth));
        }
        return entries;
    }

    private List<@Nullable Object> array(int type, int depth) throws MalformedMessageException {
        requireDepth(depth);
        boolean wide = (type >> 4) == 0xf;
        if ((type & 0x0f) != 0) {
            throw unknown(type);
        }
        int end = end(wide ? size() : octet());
        int count = wide ? in.readInt() : octet();
        int element = octet();
        if (element == DESCRIBED) {
            value(depth + 1);
            element = octet();
        }
        if (count < 0 || count > end - in.readerIndex()) { // elements without width would cost memory and no bytes
            throw new MalformedMessageException("an array whose count cannot be");
        }
        List<@Nullable Object> elements = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            elements.add(value(element, depth + 1));
        }
        if (in.readerIndex() != end) {
            throw new MalformedMessageException("an array whose size is wrong");
        }
        return elements;
    }

    private int octet() {
        return in.readUnsignedByte();
    }

    private int size() throws MalformedMessageException {
        int size = in.readInt();
        if (size < 0) {
            throw new MalformedMessageException("a size beyond the end");
        }
        return size;
    }

    private byte[] bytes(int length) throws MalformedMessageException {
        if (length > in.readableBytes()) {
            throw new MalformedMessageException("cut short");
        }
        byte[] bytes = new byte[length];
        in.readBytes(bytes);
        return bytes;
    }
}
