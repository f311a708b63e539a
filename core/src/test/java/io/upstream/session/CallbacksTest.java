// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CallbacksTest {
    @Test
    void runsPiecesInOrderOneAtATimeWithManyThreads() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(4);
        try {
            Callbacks callbacks = new Callbacks(pool);
            List<Integer> seen = new ArrayList<>(); // not thread-safe on purpose
            AtomicInteger inside = new AtomicInteger();
            CountDownLatch done = new CountDownLatch(20_000);
            IntStream.range(0, 20_000)
                    .forEach(i -> callbacks.run(() -> {
                        assertEquals(1, inside.incrementAndGet());
                        seen.add(i);
                        inside.decrementAndGet();
                        done.countDown();
                    }));
            assertTrue(done.await(30, TimeUnit.SECONDS));
            callbacks.run(done::countDown);
            assertEquals(IntStream.range(0, 20_000).boxed().toList(), seen);
        } finally {
            pool.shutdown();
            assertTrue(pool.awaitTermination(10, TimeUnit.SECONDS));
        }
    }

    @Test
    void goesOnAfterAPieceThatThrows() {
        Callbacks callbacks = new Callbacks(Runnable::run);
        List<String> seen = new ArrayList<>();
        callbacks.run(() -> {
            throw new IllegalStateException("thrown on purpose by a test");
        });
        callbacks.run(() -> seen.add("next"));
        assertEquals(List.of("next"), seen);
    }

    @Test
    void aPieceMayAddAnotherWithoutRunningItInside() {
        Callbacks callbacks = new Callbacks(Runnable::run);
        List<String> seen = new ArrayList<>();
        callbacks.run(() -> {
            callbacks.run(() -> seen.add("inner"));
            seen.add("outer");
        });
        assertEquals(List.of("outer", "inner"), seen);
    }

    @Test
    void answersEvenWhenTheHostHasClosedItsExecutor() {
        Callbacks callbacks = new Callbacks(piece -> {
            throw new RejectedExecutionException("closed");
        });
        List<String> seen = new ArrayList<>();
        callbacks.run(() -> seen.add("answered"));
        assertEquals(List.of("answered"), seen);
    }

    @Test
    void answersEvenWhenTheExecutorCannotMakeAThread() {
        Callbacks callbacks = new Callbacks(piece -> {
            throw new OutOfMemoryError("thrown on purpose by a test");
        });
        List<String> seen = new ArrayList<>();
        callbacks.run(() -> seen.add("first"));
        callbacks.run(() -> seen.add("second"));
        assertEquals(List.of("first", "second"), seen);
    }
}
