// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.upstream.benchmarks.load.Payload;
import java.util.zip.CRC32C;

/** Looks at one connection's messages: each one complete, undamaged, in order, once. */
final class Inspector {
    private final Counters counters;
    private final CRC32C crc = new CRC32C();
    private long expected;

    Inspector(Counters counters) {
        this.counters = counters;
    }

    /**
     * Counts a message.
     *
     * @param properties how many application properties came with it
     */
    void message(ByteBuf in, int index, int length, int properties) {
        boolean intact = length == Payload.SIZE
                && properties == Payload.PROPERTIES
                && in.getLong(index) == expected
                && in.getLong(index + Long.BYTES)
                        == Payload.checksum(in.internalNioBuffer(index + Payload.HEAD, length - Payload.HEAD), crc);
        expected++;
        if (intact) {
            counters.intact();
        } else {
            counters.damaged();
        }
    }
}
