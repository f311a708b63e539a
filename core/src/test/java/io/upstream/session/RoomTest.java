// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.watch.Ledger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** P28: bounds in messages and bytes, for one outbox and for all together, and permits at them. */
class RoomTest {
    private static final int MESSAGES = 3;
    private static final int BYTES = 100;

    private final SharedRoom everybody = new SharedRoom(250);
    private final Room room = room();

    private Room room() {
        return new Room(MESSAGES, BYTES, everybody, new Callbacks(Runnable::run), new Ledger());
    }

    private static boolean is(CompletableFuture<Void> permit) {
        return permit.isDone() && !permit.isCompletedExceptionally();
    }

    @Test
    void isBoundedInMessages() {
        for (int i = 0; i < MESSAGES; i++) {
            assertTrue(room.claim(1));
        }
        assertFalse(room.claim(1));
        room.strand(1, 1);
        assertTrue(room.claim(1));
        assertFalse(room.claim(1));
    }

    @Test
    void isBoundedInBytesButTakesOneOfAnySize() {
        assertTrue(room.claim(200));
        assertFalse(room.claim(1));
        room.strand(1, 200);
        assertTrue(room.claim(60));
        assertFalse(room.claim(41));
        assertTrue(room.claim(40));
        assertEquals(2, room.messages());
    }

    @Test
    void isBoundedForAllTogether() {
        Room second = room();
        Room third = room();
        assertTrue(room.claim(100) && second.claim(100));
        assertFalse(third.claim(51));
        assertEquals(0, third.messages(), "what was refused takes no room");
        assertTrue(third.claim(50));
        assertFalse(third.claim(1));
        assertTrue(String.valueOf(third.full().getMessage()).contains("UpstreamRuntime.Builder.outboxBytes"));
        assertTrue(String.valueOf(room.full().getMessage()).contains("UpstreamOptions.outbox"));
        room.strand(1, 100);
        assertTrue(third.claim(50));
    }

    @Test
    void permitsAtOnceWhereThereIsRoom() {
        assertTrue(is(room.await()));
        assertTrue(room.claim(1));
        assertTrue(is(room.await()));
    }

    @Test
    void permitsInTheOrderOfTheCallsAsRoomIsGivenBack() {
        fill();
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < MESSAGES; i++) {
            int number = i;
            room.await().thenRun(() -> {
                order.add(number);
                assertTrue(room.claim(1));
            });
        }
        room.strand(1, 1);
        assertEquals(List.of(0), order);
        room.strand(2, 2);
        assertEquals(List.of(0, 1, 2), order);
    }

    private void fill() {
        for (int i = 0; i < MESSAGES; i++) {
            assertTrue(room.claim(1));
        }
    }

    @Test
    void lendsNobodysRoomToWhoDoesNotUseIt() {
        fill();
        List<CompletableFuture<Void>> permits = List.of(room.await(), room.await(), room.await());
        room.strand(1, 1);
        assertTrue(permits.stream().allMatch(RoomTest::is), "nobody took the room");
    }

    @Test
    void bothWaitersAndMessagesAreBounded() {
        fill();
        for (int i = 0; i < MESSAGES; i++) {
            assertFalse(room.await().isDone());
        }
        assertTrue(room.await().isCompletedExceptionally());
    }

    @Test
    void permitsWhenOthersGiveBackWhatAllShare() {
        Room second = room();
        Room third = room();
        assertTrue(room.claim(150) && second.claim(100));
        CompletableFuture<Void> permit = third.await();
        assertFalse(permit.isDone());
        room.strand(1, 150);
        assertTrue(is(permit));
    }

    @Test
    void failsThoseWhoWaitWhenItEnds() {
        fill();
        CompletableFuture<Void> permit = room.await();
        room.end(UpstreamException.of(FailureKind.CLOSED, Where.here("send"), "over"));
        assertTrue(permit.isCompletedExceptionally());
    }

    /** P16: no lost wake-up. */
    @Test
    void leavesNobodyWaitingHoweverThreadsMeet() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        Room busy = new Room(8, 1 << 20, new SharedRoom(64), new Callbacks(Runnable::run), new Ledger());
        ConcurrentLinkedQueue<Integer> taken = new ConcurrentLinkedQueue<>();
        AtomicInteger sent = new AtomicInteger();
        int each = 5_000;
        List<CompletableFuture<Void>> senders = new ArrayList<>();
        for (int thread = 0; thread < 2; thread++) {
            senders.add(CompletableFuture.runAsync(
                    () -> {
                        for (int i = 0; i < each; i++) {
                            while (!busy.claim(10)) {
                                busy.await().orTimeout(30, TimeUnit.SECONDS).join();
                            }
                            taken.add(10);
                            sent.incrementAndGet();
                        }
                    },
                    threads));
        }
        CompletableFuture<Void> hub = CompletableFuture.runAsync(
                () -> {
                    for (int freed = 0; freed < 2 * each; ) {
                        Integer size = taken.poll();
                        if (size != null) {
                            busy.strand(1, size);
                            freed++;
                        } else {
                            Thread.onSpinWait();
                        }
                    }
                },
                threads);
        CompletableFuture.allOf(senders.get(0), senders.get(1), hub).get(50, TimeUnit.SECONDS);
        threads.shutdown();
        assertEquals(2 * each, sent.get());
        assertEquals(0, busy.messages());
    }
}
