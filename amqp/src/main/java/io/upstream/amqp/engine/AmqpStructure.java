// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

/**
 * Steps over encoded values (AMQP 1.0 section 1.6) and finds everything wrong with them that {@link AmqpReader} would, without making an
 * object: what was stepped over can be read.
 */
public final class AmqpStructure {
    static final int MAX_DEPTH = 16;
    static final int DESCRIBED = 0x00;

    private AmqpStructure() {}

    /**
     * Where the value ends that begins at {@code at}.
     *
     * @param end of the readable bytes
     */
    public static int skip(byte[] in, int at, int end) throws MalformedMessageException {
        return skip(in, at, end, 0);
    }

    private static int skip(byte[] in, int at, int end, int depth) throws MalformedMessageException {
        int type = octet(in, at, end);
        if (type == DESCRIBED) {
            requireDepth(depth);
            int described = skip(in, at + 1, end, depth + 1);
            return skip(in, described, end, depth + 1);
        }
        return skip(in, type, at + 1, end, depth);
    }

    private static int skip(byte[] in, int type, int at, int end, int depth) throws MalformedMessageException {
        return switch (type >> 4) {
            case 0x4 -> within(at, width(type), end);
            case 0x5, 0x6, 0x7, 0x8, 0x9 -> fixed(in, type, at, end);
            case 0xa -> variable(type, at + 1, octet(in, at, end), end);
            case 0xb -> variable(type, at + 4, int32(in, at, end), end);
            case 0xc -> compound(in, type, at + 2, at + 1 + octet(in, at, end), octet(in, at + 1, end), end, depth);
            case 0xd -> wideCompound(in, type, at, end, depth);
            case 0xe, 0xf -> array(in, type, at, end, depth);
            default -> throw unknown(type);
        };
    }

    private static int fixed(byte[] in, int type, int at, int end) throws MalformedMessageException {
        int after = within(at, width(type), end);
        if (type == 0x73) {
            requireCodePoint(int32(in, at, end));
        }
        return after;
    }

    /** How many bytes a value of this type takes, which is none of those that tell a size. */
    static int width(int type) throws MalformedMessageException {
        return switch (type) {
            case 0x40, 0x41, 0x42, 0x43, 0x44, 0x45 -> 0;
            case 0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56 -> 1;
            case 0x60, 0x61 -> 2;
            case 0x70, 0x71, 0x72, 0x73, 0x74 -> 4;
            case 0x80, 0x81, 0x82, 0x83, 0x84 -> 8;
            case 0x94, 0x98 -> 16;
            default -> throw unknown(type);
        };
    }

    private static int variable(int type, int at, int length, int end) throws MalformedMessageException {
        int kind = type & 0x0f;
        if (kind != 0x0 && kind != 0x1 && kind != 0x3) {
            throw unknown(type);
        }
        return within(at, length, end);
    }

    private static int wideCompound(byte[] in, int type, int at, int end, int depth) throws MalformedMessageException {
        int after = within(at + 4, int32(in, at, end), end);
        return compound(in, type, at + 8, after, int32(in, at + 4, end), end, depth);
    }

    private static int compound(byte[] in, int type, int at, int after, int count, int end, int depth)
            throws MalformedMessageException {
        requireDepth(depth);
        if (after > end) {
            throw new MalformedMessageException("a size beyond the end");
        }
        requireCount(count, after - at);
        int kind = type & 0x0f;
        if (kind > 1) {
            throw unknown(type);
        }
        requireEntries(kind == 1 ? count : 0);
        int next = at;
        for (int i = 0; i < count; i++) {
            next = skip(in, next, after, depth + 1);
        }
        if (next != after) {
            throw new MalformedMessageException("a compound value whose size is wrong");
        }
        return after;
    }

    private static int array(byte[] in, int type, int at, int end, int depth) throws MalformedMessageException {
        requireDepth(depth);
        if ((type & 0x0f) != 0) {
            throw unknown(type);
        }
        int width = type == 0xf0 ? 4 : 1;
        int after = within(at + width, width == 4 ? int32(in, at, end) : octet(in, at, end), end);
        int count = width == 4 ? int32(in, at + width, end) : octet(in, at + width, end);
        int next = at + 2 * width;
        int element = octet(in, next++, end);
        if (element == DESCRIBED) {
            next = skip(in, next, end, depth + 1);
            element = octet(in, next++, end);
        }
        requireCount(count, after - next); // elements without width would cost memory and no bytes
        for (int i = 0; i < count; i++) {
            next = skip(in, element, next, after, depth + 1);
        }
        if (next != after) {
            throw new MalformedMessageException("an array whose size is wrong");
        }
        return after;
    }

    static void requireDepth(int depth) throws MalformedMessageException {
        if (depth >= MAX_DEPTH) {
            throw new MalformedMessageException("values nested deeper than " + MAX_DEPTH);
        }
    }

    static void requireCount(int count, int room) throws MalformedMessageException {
        if (count < 0 || count > room) {
            throw new MalformedMessageException("a count of " + Integer.toUnsignedString(count) + " that cannot be");
        }
    }

    /** @param count of a map's keys and values */
    static void requireEntries(int count) throws MalformedMessageException {
        if (count % 2 != 0) {
            throw new MalformedMessageException("a map with half an entry");
        }
    }

    static void requireCodePoint(int point) throws MalformedMessageException {
        if (!Character.isValidCodePoint(point)) {
            throw new MalformedMessageException("a character that is none");
        }
    }

    static MalformedMessageException unknown(int type) {
        return new MalformedMessageException("an unknown type 0x" + Integer.toHexString(type));
    }

    /** What comes after {@code length} bytes, if so many are there. */
    static int within(int at, int length, int end) throws MalformedMessageException {
        if (length < 0 || length > end - at) {
            throw new MalformedMessageException("cut short, or a size beyond the end");
        }
        return at + length;
    }

    static int octet(byte[] in, int at, int end) throws MalformedMessageException {
        within(at, 1, end);
        return in[at] & 0xff;
    }

    static int int32(byte[] in, int at, int end) throws MalformedMessageException {
        within(at, Integer.BYTES, end);
        return in[at] << 24 | (in[at + 1] & 0xff) << 16 | (in[at + 2] & 0xff) << 8 | (in[at + 3] & 0xff);
    }
}
