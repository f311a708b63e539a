// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PeerClockTest {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5); // it may run over
    private final PeerClock clock = new PeerClock(nanos::get);

    @Test
    void countsOnlyWhatPassesWhileItRuns() {
        nanos.addAndGet(10);
        assertEquals(10, clock.elapsedNanos());
        clock.stop(() -> "the vault");
        nanos.addAndGet(1000);
        assertEquals(10, clock.elapsedNanos());
        clock.stop(() -> "the KDC");
        nanos.addAndGet(1000);
        clock.resume();
        clock.resume();
        nanos.addAndGet(3);
        assertEquals(13, clock.elapsedNanos());
    }

    @Test
    void tellsWhomItWaitsForLast() {
        assertNull(clock.awaited());
        clock.stop(() -> "the vault");
        clock.stop(() -> "the KDC");
        assertEquals("the KDC", clock.awaited());
        clock.resume();
        assertNull(clock.awaited());
    }

    @Test
    void runsOnceWhatWaitsForIt() {
        AtomicInteger first = new AtomicInteger();
        AtomicInteger second = new AtomicInteger();
        clock.stop(() -> "the vault");
        clock.whenItRuns(first::incrementAndGet);
        clock.whenItRuns(second::incrementAndGet);
        assertEquals(0, second.get());
        clock.resume();
        clock.stop(() -> "the vault");
        clock.resume();
        assertEquals(0, first.get(), "replaced");
        assertEquals(1, second.get());
        clock.whenItRuns(first::incrementAndGet);
        assertEquals(1, first.get());
    }
}
