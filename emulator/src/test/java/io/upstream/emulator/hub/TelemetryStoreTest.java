// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.emulator.ManualClock;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TelemetryStoreTest {
    private static final HubIdentity DEVICE = HubIdentity.device("dev-1");

    private final ManualClock clock = new ManualClock();

    @Test
    void givesBackWhatItWasGiven() {
        TelemetryStore store = new TelemetryStore(clock, 10, 1_000);
        HubMessage message =
                new HubMessage(Map.of("message-id", "1"), Map.of("k", "v", "empty", ""), new byte[] {1, 2});
        assertEquals(1, store.append(HubIdentity.module("dev-1", "m"), message));
        TelemetryRecord record = store.read(0, 10, null).records().get(0);
        assertEquals(HubIdentity.module("dev-1", "m"), record.identity());
        assertEquals(clock.instant(), record.enqueuedTime());
        assertEquals(message.systemProperties(), record.message().systemProperties());
        assertEquals(message.properties(), record.message().properties());
        assertEquals(2, record.message().body().length);
    }

    @Test
    void dropsTheOldestBeyondItsCount() {
        TelemetryStore store = new TelemetryStore(clock, 3_000, Long.MAX_VALUE);
        for (int i = 0; i < 5_000; i++) {
            store.append(DEVICE, message(1));
        }
        List<TelemetryRecord> all = store.read(0, 10_000, null).records();
        assertEquals(3_000, all.size());
        assertEquals(2_001, all.get(0).sequence());
        assertEquals(5_000, store.lastSequence());
    }

    @Test
    void dropsTheOldestBeyondItsBytesButNeverTheNewest() {
        TelemetryStore store = new TelemetryStore(clock, 100, 10);
        store.append(DEVICE, message(4));
        store.append(DEVICE, message(4));
        store.append(DEVICE, message(4));
        assertEquals(2, store.read(0, 10, null).records().size());
        store.append(DEVICE, message(50));
        assertEquals(4, store.read(0, 10, null).records().get(0).sequence());
    }

    @Test
    void readsOnFromAPlace() {
        TelemetryStore store = new TelemetryStore(clock, 100, 1_000);
        for (int i = 0; i < 10; i++) {
            store.append(i % 2 == 0 ? DEVICE : HubIdentity.device("dev-2"), message(1));
        }
        TelemetryStore.Page page = store.read(2, 2, "dev-1");
        assertEquals(
                List.of(3L, 5L),
                page.records().stream().map(TelemetryRecord::sequence).toList());
        assertFalse(page.end());
        page = store.read(page.next(), 100, "dev-1");
        assertEquals(
                List.of(7L, 9L),
                page.records().stream().map(TelemetryRecord::sequence).toList());
        assertTrue(page.end());
        assertEquals(10, page.next());
        for (long beyond : new long[] {10, 1_000, Long.MAX_VALUE}) {
            assertEquals(new TelemetryStore.Page(List.of(), beyond, true), store.read(beyond, 1, null));
        }
    }

    @Test
    void endsAPageEarlyAndSaysSo() {
        TelemetryStore store = new TelemetryStore(clock, 10_000, Long.MAX_VALUE);
        for (int i = 0; i < 5_000; i++) {
            store.append(DEVICE, message(1));
        }
        TelemetryStore.Page page = store.read(0, 10, "nobody");
        assertTrue(page.records().isEmpty());
        assertFalse(page.end());
        assertEquals(4_096, page.next());
        assertTrue(store.read(page.next(), 10, "nobody").end());
    }

    @Test
    void wakesOnceAndOnlyIfThereIsSomethingNew() {
        TelemetryStore store = new TelemetryStore(clock, 100, 1_000);
        AtomicInteger woken = new AtomicInteger();
        store.wakeAfter(0, woken::incrementAndGet);
        store.wakeAfter(0, woken::incrementAndGet).close();
        assertEquals(0, woken.get());
        store.append(DEVICE, message(1));
        store.append(DEVICE, message(1));
        assertEquals(1, woken.get());
        store.wakeAfter(1, woken::incrementAndGet);
        assertEquals(2, woken.get());
    }

    private static HubMessage message(int size) {
        return new HubMessage(Map.of(), Map.of(), new byte[size]);
    }
}
