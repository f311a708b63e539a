// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.laboratory.Soak.Extent;
import io.upstream.laboratory.Soak.Interval;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SoakTest {
    @Test
    void endsWithTheTimeOrTheMessagesWhicheverIsFirst() {
        Extent both = new Extent(Duration.ofSeconds(60), 1_000);
        assertFalse(both.isReached(59.9, 999));
        assertTrue(both.isReached(60, 0));
        assertTrue(both.isReached(0, 1_000));
        assertFalse(Extent.of(Duration.ofSeconds(60)).isReached(59.9, 10_000_000));
    }

    @Test
    void countsAcknowledgementsAndFindsTheFirstSince() throws InterruptedException {
        Journal journal = new Journal();
        send(journal, CompletableFuture.completedFuture(null));
        long from = journal.now() + 1;
        assertEquals(1, journal.acked());
        assertEquals(-1, journal.awaitAcknowledged(from + 1_000_000, 0));
        while (journal.now() < from) {
            Thread.onSpinWait();
        }
        send(journal, CompletableFuture.failedFuture(new IllegalStateException("on purpose")));
        assertEquals(-1, journal.awaitAcknowledged(from, 0));
        send(journal, CompletableFuture.completedFuture(null));
        assertTrue(journal.awaitAcknowledged(from, 0) >= from);
        assertEquals(2, journal.acked());
        assertEquals(
                List.of(0L, 1L, 2L),
                journal.sent().stream().map(Evidence.Sent::number).toList());
    }

    private static void send(Journal journal, CompletableFuture<Void> future) {
        journal.sent(journal.sending(), future);
    }

    /** A few seconds of what takes hours elsewhere: a round, faults in it, and every promise kept. */
    @Test
    void keepsEveryPromiseForAWhile(@TempDir Path directory) throws Exception {
        List<Interval> told = new ArrayList<>();
        Soak.Plan plan = new Soak.Plan(
                new Extent(Duration.ofMinutes(2), 400),
                new Extent(Duration.ofMinutes(1), 400),
                9,
                20,
                4,
                Duration.ofMillis(100),
                Duration.ofMillis(400),
                7);
        List<Interval> intervals = new Soak(plan, directory, told::add).run();
        assertEquals(told, intervals);
        assertEquals(
                List.of(),
                intervals.stream().flatMap(each -> each.violations().stream()).toList());
        for (Interval each : intervals) {
            assertTrue(each.acked() > 0 && each.acked() <= each.sent(), each::toString);
            assertFalse(each.strikes().isEmpty());
        }
        assertTrue(SoakReport.markdown(intervals, plan).contains(" 0 violations."));
    }

    @Test
    void tellsWhatHasGrownSinceTheFirstRound() {
        Interval first = interval(50 << 20, 30, 80, Map.of());
        assertEquals(
                List.of(),
                interval(58 << 20, 34, 88, Map.of()).comparedWith(first).violations());
        assertEquals(
                List.of(
                        "I10: 8388609 more bytes of heap than after the first round",
                        "I10: 5 more threads than after the first round",
                        "I10: 9 more descriptors than after the first round"),
                interval((58 << 20) + 1, 35, 89, Map.of()).comparedWith(first).violations().stream()
                        .map(Violation::toString)
                        .toList());
    }

    @Test
    void namesWhatWasNotAcknowledged() {
        assertEquals("", SoakReport.others(interval(0, 0, 0, Map.of())));
        assertEquals(
                "1 QUOTA, 20 TIMEOUT",
                SoakReport.others(interval(0, 0, 0, Map.of(FailureKind.TIMEOUT, 20L, FailureKind.QUOTA, 1L))));
    }

    private static Interval interval(long heap, int threads, int descriptors, Map<FailureKind, Long> failures) {
        return new Interval(1, 2, 1, 0, failures, 0, 0, heap, threads, descriptors, List.of(), List.of());
    }
}
