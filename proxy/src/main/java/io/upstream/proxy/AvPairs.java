// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The attributes by which an NTLM server describes itself, and to which the client adds its own (MS-NLMP section 2.2.2.1). Immutable. */
final class AvPairs {
    static final int END = 0;
    static final int FLAGS = 6;
    static final int TIMESTAMP = 7;
    static final int TARGET_NAME = 9;
    static final int CHANNEL_BINDINGS = 10;

    /** In {@link #FLAGS}: the client's last message carries a code over all three. */
    static final int HAS_MIC = 0x2;

    static final AvPairs NONE = new AvPairs(List.of());

    private static final int MAX_NAME = 5;
    private static final int HEADER = 4;

    private final List<Pair> pairs;

    private static final class Pair {
        private final int id;
        private final byte[] value;

        Pair(int id, byte[] value) {
            this.id = id;
            this.value = value;
        }
    }

    private AvPairs(List<Pair> pairs) {
        this.pairs = pairs;
    }

    /**
     * Reads up to and with the end mark.
     *
     * @throws IllegalArgumentException if there is none, a value reaches behind the end, or is not what its kind must be
     */
    static AvPairs read(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        List<Pair> pairs = new ArrayList<>();
        while (in.remaining() >= HEADER) {
            int id = in.getShort() & 0xFFFF;
            int length = in.getShort() & 0xFFFF;
            if (id == END) {
                return new AvPairs(List.copyOf(pairs));
            }
            if (length > in.remaining() || !fits(id, length)) {
                throw new IllegalArgumentException("an attribute of the target is damaged");
            }
            byte[] value = new byte[length];
            in.get(value);
            pairs.add(new Pair(id, value));
        }
        throw new IllegalArgumentException("the attributes of the target have no end");
    }

    private static boolean fits(int id, int length) {
        return switch (id) {
            case FLAGS -> length == Integer.BYTES;
            case TIMESTAMP -> length == Long.BYTES;
            case CHANNEL_BINDINGS -> length == 16;
            default -> (id > MAX_NAME && id != TARGET_NAME) || length % 2 == 0;
        };
    }

    /** In units of 100 ns since 1601. */
    Optional<Long> timestamp() {
        return find(TIMESTAMP)
                .map(value ->
                        ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getLong());
    }

    int flags() {
        return find(FLAGS)
                .map(value ->
                        ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN).getInt())
                .orElse(0);
    }

    private Optional<byte[]> find(int id) {
        return pairs.stream().filter(pair -> pair.id == id).findFirst().map(pair -> pair.value);
    }

    /** With one attribute at the end, in the place of any of that kind. */
    AvPairs with(int id, byte[] value) {
        List<Pair> more = new ArrayList<>(pairs);
        more.removeIf(pair -> pair.id == id);
        more.add(new Pair(id, value.clone()));
        return new AvPairs(List.copyOf(more));
    }

    /** As on the wire, with the end mark. */
    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Pair pair : pairs) {
            putShort(out, pair.id);
            putShort(out, pair.value.length);
            out.writeBytes(pair.value);
        }
        putShort(out, END);
        putShort(out, 0);
        return out.toByteArray();
    }

    private static void putShort(ByteArrayOutputStream out, int value) {
        out.write(value);
        out.write(value >>> 8);
    }
}
