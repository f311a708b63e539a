// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import org.jspecify.annotations.Nullable;

/** What MQTT 3.1.1 allows in the topic of a message (§1.5.3, §4.7), checked on the octets as they came. */
final class Topics {
    private static final long ONES = 0x0101_0101_0101_0101L;
    private static final long HIGH_BITS = 0x8080_8080_8080_8080L;
    /** The one bit in which {@code #} and {@code +} differ. */
    private static final long HASH_OR_PLUS = ('#' ^ '+') * ONES;

    private static final long PLUSES = '+' * ONES;

    private Topics() {}

    /** What is wrong with a topic, or the rest of one, or null. Borrows; moves no index. */
    static @Nullable String flaw(ByteBuf in, long address, int at, int length) {
        if (isPlain(in, address, at, length)) {
            return null;
        }
        if (!ByteBufUtil.isText(in, at, length, UTF_8)) {
            return "a topic that is not UTF-8";
        }
        for (int i = at; i < at + length; i++) {
            byte octet = in.getByte(i); // no part of a longer character is below 0x80
            if (octet == 0 || octet == '#' || octet == '+') {
                return "a NUL or a wildcard in its topic";
            }
        }
        return null;
    }

    /** Whether all is ASCII and allowed: eight octets at a time, the last eight perhaps once more. Asked once at the end, as most are. */
    private static boolean isPlain(ByteBuf in, long address, int at, int length) {
        if (length < Long.BYTES) {
            return isPlainShort(in, address, at, length);
        }
        int last = at + length - Long.BYTES;
        long marks = marks(Octets.eight(in, address, last));
        for (int i = at; i < last; i += Long.BYTES) {
            marks |= marks(Octets.eight(in, address, i));
        }
        return (marks & HIGH_BITS) == 0;
    }

    private static boolean isPlainShort(ByteBuf in, long address, int at, int length) {
        for (int i = at; i < at + length; i++) {
            byte octet = Octets.one(in, address, i);
            if (octet <= 0 || octet == '#' || octet == '+') {
                return false;
            }
        }
        return true;
    }

    /** Has a high bit set if any octet is not ASCII, or NUL or a wildcard. */
    private static long marks(long octets) {
        return octets | zeroIn(octets) | zeroIn((octets | HASH_OR_PLUS) ^ PLUSES);
    }

    /** Has a high bit set if any octet is 0; others may be set then, too. */
    private static long zeroIn(long octets) {
        return (octets - ONES) & ~octets;
    }
}
