// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InquiriesTest {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final Where WHERE = new Where("mqtt", "hub h:8883");

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Inquiries<String> inquiries =
            new Inquiries<>(channel.eventLoop(), new Callbacks(Runnable::run), LIMIT, WHERE);
    private final List<String> ids = new ArrayList<>();

    InquiriesTest() {
        channel.freezeTime();
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private CompletableFuture<String> ask() {
        CompletableFuture<String> outcome = new CompletableFuture<>();
        inquiries.ask("the request for the twin", outcome, ids::add);
        return outcome;
    }

    private static UpstreamException failure(CompletableFuture<String> outcome) {
        assertTrue(outcome.isCompletedExceptionally(), "not failed");
        return (UpstreamException)
                assertThrows(ExecutionException.class, outcome::get).getCause();
    }

    @Test
    void givesEachAnswerToItsQuestion() throws Exception {
        CompletableFuture<String> first = ask();
        CompletableFuture<String> second = ask();
        inquiries.answer(ids.get(1), "two");
        assertFalse(inquiries.isOpen(ids.get(1)));
        assertTrue(inquiries.isOpen(ids.get(0)));
        assertFalse(first.isDone());
        assertTrue(inquiries.isOpen(ids.get(0)));
        assertFalse(inquiries.isOpen(ids.get(1)));
        assertFalse(inquiries.isIdle());
        inquiries.answer(ids.get(0), "one");
        assertTrue(inquiries.isIdle());
        assertEquals("one", first.get());
        assertEquals("two", second.get());
        assertTrue(ids.get(0).matches("[0-9a-f-]+"), ids.get(0));
    }

    @Test
    void leavesAnAnswerToAnotherConnectionAlone() {
        CompletableFuture<String> mine = ask();
        inquiries.answer("other-0", "foreign");
        assertFalse(mine.isDone());
        List<String> others = new ArrayList<>();
        new Inquiries<String>(channel.eventLoop(), new Callbacks(Runnable::run), LIMIT, WHERE)
                .ask("x", new CompletableFuture<>(), others::add);
        assertNotEquals(ids, others);
    }

    @Test
    void failsAtItsLimitAndNotBefore() {
        CompletableFuture<String> late = ask();
        channel.advanceTimeBy(LIMIT.toNanos() - 1, TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        assertFalse(late.isDone());
        channel.advanceTimeBy(1, TimeUnit.NANOSECONDS);
        channel.runScheduledPendingTasks();
        UpstreamException failure = failure(late);
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertTrue(failure.getMessage().contains("hub h:8883 did not answer the request for the twin within 30 s"));
        inquiries.answer(ids.get(0), "too late");
    }

    @Test
    void refusesMoreThanItsBoundAndTakesMoreAfterAnAnswer() {
        for (int i = 0; i < Inquiries.MAX_OPEN; i++) {
            assertFalse(ask().isDone());
        }
        assertEquals(FailureKind.OUTBOX_FULL, failure(ask()).kind());
        inquiries.answer(ids.get(0), "room");
        assertFalse(ask().isDone());
    }

    @Test
    void failsAllThatAreOpenAtTheEnd() {
        CompletableFuture<String> first = ask();
        CompletableFuture<String> second = ask();
        UpstreamException lost = UpstreamException.of(FailureKind.RESET, WHERE, "the connection was reset");
        inquiries.end(lost);
        assertSame(lost, failure(first));
        assertSame(lost, failure(second));
    }
}
