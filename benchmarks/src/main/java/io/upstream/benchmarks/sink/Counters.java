// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/** What the sink has seen since it started. Written by its one thread, read by any. */
final class Counters {
    private final AtomicLong intact = new AtomicLong();
    private final AtomicLong damaged = new AtomicLong();
    private final AtomicLong reordered = new AtomicLong();
    private final AtomicLong violations = new AtomicLong();
    private final AtomicLong connections = new AtomicLong();

    void intact() {
        intact.lazySet(intact.getPlain() + 1);
    }

    void damaged() {
        damaged.incrementAndGet();
    }

    void reordered() {
        reordered.incrementAndGet();
    }

    void violation() {
        violations.incrementAndGet();
    }

    void connected() {
        connections.incrementAndGet();
    }

    long intactCount() {
        return intact.get();
    }

    long damagedCount() {
        return damaged.get();
    }

    /** One JSON object. */
    String toJson() {
        return "{\"intact\":" + intact + ",\"damaged\":" + damaged + ",\"reordered\":" + reordered + ",\"violations\":"
                + violations
                + ",\"connections\":"
                + connections + ",\"cpuNanos\":"
                + ProcessHandle.current()
                        .info()
                        .totalCpuDuration()
                        .map(Duration::toNanos)
                        .orElse(0L)
                + "}";
    }
}
