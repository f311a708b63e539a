// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;

/** What connected identities that send nothing cost. */
final class Idle {
    /** Identities that are opened before counting begins, so that classes and pools are there. */
    private static final int FIRST = 5;

    private static final int COLLECTIONS = 4;

    private Idle() {}

    /** The cost of {@code identities} further ones, as JSON: heap in use after garbage collection, and threads. */
    static String measure(PeerClient client, int identities) throws Exception {
        List<PeerConnection> open = new ArrayList<>();
        try {
            for (int i = 0; i < FIRST; i++) {
                open.add(client.open(1_000 + i, AckListener.NONE));
            }
            long heap = heap();
            int threads = threads();
            for (int i = 0; i < identities; i++) {
                open.add(client.open(2_000 + i, AckListener.NONE));
            }
            return "{\"identities\":" + identities + ",\"heapBytes\":" + (heap() - heap) + ",\"threads\":"
                    + (threads() - threads) + "}";
        } finally {
            for (PeerConnection connection : open) {
                connection.close();
            }
        }
    }

    private static int threads() {
        return ManagementFactory.getThreadMXBean().getThreadCount();
    }

    private static long heap() {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
