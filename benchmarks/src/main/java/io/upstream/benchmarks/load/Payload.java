// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.load;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;

/**
 * 1 KiB that can be checked: a sequence number in the first eight bytes, the CRC-32C of what follows in the next eight, then noise. Both big
 * endian. A sender fills a few once and stamps each with a new number per message, so that the payload costs the same for every client:
 * nothing.
 */
public final class Payload {
    public static final int SIZE = 1_024;

    /** Where the checked part begins. */
    public static final int HEAD = 16;

    /** The application properties that go with each message. */
    public static final int PROPERTIES = 3;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private Payload() {}

    /** A payload with sequence number 0 whose noise depends on {@code seed}. */
    public static byte[] create(long seed) {
        byte[] payload = new byte[SIZE];
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = HEAD; i < SIZE; i += Long.BYTES) {
            LONG.set(payload, i, random.nextLong());
        }
        LONG.set(payload, Long.BYTES, checksum(ByteBuffer.wrap(payload, HEAD, SIZE - HEAD), new CRC32C()));
        return payload;
    }

    /** Writes the sequence number. */
    public static void stamp(byte[] payload, long sequence) {
        LONG.set(payload, 0, sequence);
    }

    /** The checksum of what remains in {@code noise}; moves its position. */
    public static long checksum(ByteBuffer noise, CRC32C crc) {
        crc.reset();
        crc.update(noise);
        return crc.getValue();
    }
}
