// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.emulator.hub.TelemetryStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Reads what devices have sent, and waits for it. */
final class TelemetryDesk {
    private final TelemetryStore store;

    TelemetryDesk(TelemetryStore store) {
        this.store = store;
    }

    List<TelemetryRecord> of(String deviceId) {
        List<TelemetryRecord> all = new ArrayList<>();
        TelemetryStore.Page page;
        long next = 0;
        do {
            page = store.read(next, Integer.MAX_VALUE, deviceId);
            all.addAll(page.records());
            next = page.next();
        } while (!page.end());
        return all;
    }

    List<TelemetryRecord> await(String deviceId, int count, Duration limit)
            throws InterruptedException, TimeoutException {
        long deadline = System.nanoTime() + limit.toNanos();
        List<TelemetryRecord> came = new ArrayList<>();
        long next = 0;
        while (true) {
            TelemetryStore.Page page = store.read(next, Integer.MAX_VALUE, deviceId);
            came.addAll(page.records());
            next = page.next();
            if (page.end() && came.size() >= count) {
                return came;
            }
            if (page.end() && !awaitMore(next, deadline)) {
                throw new TimeoutException(
                        came.size() + " of " + count + " messages came from " + deviceId + " within " + limit);
            }
        }
    }

    private boolean awaitMore(long after, long deadline) throws InterruptedException {
        Semaphore more = new Semaphore(0);
        Hub.Presence waiter = store.wakeAfter(after, more::release);
        try {
            return more.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
        } finally {
            waiter.close();
        }
    }
}
