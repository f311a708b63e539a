// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.benchmarks.load.Payload;
import org.HdrHistogram.Histogram;

/** Sends as fast as a window allows and measures. One connection, one thread. */
final class Load {
    private final PeerConnection connection;
    private final Acks acks;
    private final byte[][] payloads = new byte[Acks.MAX_IN_FLIGHT][];
    private long sent;

    Load(PeerConnection connection, Acks acks) {
        this.connection = connection;
        this.acks = acks;
        for (int i = 0; i < payloads.length; i++) {
            payloads[i] = Payload.create(i);
        }
    }

    /**
     * What one round cost.
     *
     * @param cpuNanos of the whole process, its garbage collector and its compiler included
     * @param allocatedBytes by all threads
     */
    record Round(
            int window,
            long messages,
            long nanos,
            long cpuNanos,
            long allocatedBytes,
            long p50,
            long p99,
            long sentSoFar) {

        String toJson() {
            return "{\"window\":" + window + ",\"messages\":" + messages + ",\"nanos\":" + nanos + ",\"cpuNanos\":"
                    + cpuNanos
                    + ",\"allocatedBytes\":" + allocatedBytes + ",\"p50Nanos\":" + p50 + ",\"p99Nanos\":" + p99
                    + ",\"sent\":" + sentSoFar + "}";
        }
    }

    /**
     * Sends for so long. When the window is full the sender waits until half of it is free, so that no client pays for a thread that is
     * woken once per message; with a window of 1 each send waits for its acknowledgement.
     */
    Round run(int window, long nanos) throws Exception {
        acks.startRound(window == 1);
        long before = sent;
        Meter meter = Meter.start();
        long end = System.nanoTime() + nanos;
        int look = window == 1 ? 0 : 15;
        while ((sent & look) != 0 || System.nanoTime() < end) {
            if (sent - acks.count() >= window) {
                awaitCount(sent - window / 2);
            }
            byte[] payload = payloads[(int) (sent & (Acks.MAX_IN_FLIGHT - 1))];
            Payload.stamp(payload, sent);
            acks.sending(sent++);
            if (window == 1) {
                connection.sendAndWait(payload);
                acks.acknowledged();
            } else {
                connection.send(payload);
            }
        }
        awaitCount(sent);
        Meter.Reading cost = meter.read();
        Histogram latency = acks.latency();
        return new Round(
                window,
                sent - before,
                cost.nanos(),
                cost.cpuNanos(),
                cost.allocatedBytes(),
                latency.getValueAtPercentile(50),
                latency.getValueAtPercentile(99),
                sent);
    }

    private void awaitCount(long target) throws Exception {
        while (acks.count() < target) {
            if (!connection.collect()) {
                acks.await(target);
            }
        }
        acks.check();
    }
}
