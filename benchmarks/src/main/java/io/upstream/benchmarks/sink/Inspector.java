// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.upstream.benchmarks.load.Payload;
import java.util.BitSet;
import java.util.zip.CRC32C;

/** Looks at one connection's messages: each one complete, undamaged, once. One that overtakes others is counted, not blamed: no protocol forbids it. */
final class Inspector {
    /** How far a message may overtake others. */
    private static final int REACH = 1 << 16;

    private final Counters counters;
    private final CRC32C crc = new CRC32C();
    private final BitSet early = new BitSet();
    private long next;

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
                && isNew(in.getLong(index))
                && in.getLong(index + Long.BYTES)
                        == Payload.checksum(in.internalNioBuffer(index + Payload.HEAD, length - Payload.HEAD), crc);
        if (intact) {
            counters.intact();
        } else {
            counters.damaged();
        }
    }

    private boolean isNew(long sequence) {
        if (sequence == next) {
            next++;
            if (!early.isEmpty()) {
                catchUp();
            }
            return true;
        }
        int bit = (int) (sequence & (REACH - 1));
        if (sequence < next || sequence - next >= REACH || early.get(bit)) {
            return false;
        }
        early.set(bit);
        counters.reordered();
        return true;
    }

    private void catchUp() {
        for (int bit = (int) (next & (REACH - 1)); early.get(bit); bit = (int) (next & (REACH - 1))) {
            early.clear(bit);
            next++;
        }
    }
}
