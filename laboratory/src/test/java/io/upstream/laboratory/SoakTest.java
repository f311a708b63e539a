// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.laboratory.Soak.Extent;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

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
}
