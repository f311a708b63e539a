// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.lang.ref.WeakReference;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

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

    /** P34: whatever the application throws. */
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

    /** P34: a handler that fails at every message fills no disk, and none of its failures goes uncounted. */
    @Test
    void tellsOfWhatIsThrownOnceAMinute() {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        log.start();
        Logger logger = (Logger) LoggerFactory.getLogger(Callbacks.class);
        logger.addAppender(log);
        try {
            AtomicLong clock = new AtomicLong(Long.MAX_VALUE - 5);
            Callbacks callbacks = new Callbacks(Runnable::run, "Mqtt d", clock::get);
            for (int i = 0; i < 100; i++) {
                callbacks.run(() -> {
                    throw new IllegalStateException("thrown on purpose by a test");
                });
                clock.addAndGet(TimeUnit.SECONDS.toNanos(1));
            }
            assertEquals(
                    List.of(
                            "Mqtt d: a callback of the application failed; more of this session within a minute are counted only",
                            "Mqtt d: a callback of the application failed, and 59 more since the last was told"),
                    log.list.stream().map(ILoggingEvent::getFormattedMessage).toList());
            assertEquals(100, callbacks.failures());
        } finally {
            logger.detachAppender(log);
        }
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

    @Test
    void forgetsWhatALaneHasNotBegunWhenItEndsAndNothingElse() {
        Deque<Runnable> executor = new ArrayDeque<>();
        Callbacks callbacks = new Callbacks(executor::add);
        Callbacks.Lane lost = callbacks.lane();
        Callbacks.Lane next = callbacks.lane();
        List<String> seen = new ArrayList<>();
        callbacks.run(() -> seen.add("status"));
        lost.run(() -> seen.add("lost"));
        next.run(() -> seen.add("next"));
        lost.run(() -> seen.add("lost, too"));
        lost.end();
        lost.run(() -> seen.add("late"));
        callbacks.run(() -> seen.add("last"));
        assertEquals(1, executor.size(), "the executor is asked once");
        executor.remove().run();
        assertEquals(List.of("status", "next", "last"), seen);
    }

    @Test
    void aLaneThatEndsWhileOneOfItsPiecesRunsBeginsNoOther() {
        Callbacks callbacks = new Callbacks(Runnable::run);
        Callbacks.Lane lane = callbacks.lane();
        List<String> seen = new ArrayList<>();
        lane.run(() -> {
            lane.run(() -> seen.add("second"));
            lane.end();
            seen.add("first");
        });
        callbacks.run(() -> seen.add("after"));
        assertEquals(List.of("first", "after"), seen);
    }

    /** P29: however many connections come and go while the application is stuck. */
    @Test
    void keepsNothingOfEndedLanesWhileTheApplicationIsStuck() {
        Callbacks callbacks = new Callbacks(piece -> {});
        callbacks.run(() -> {});
        WeakReference<byte[]> kept = null;
        for (int connection = 0; connection < 1_000; connection++) {
            Callbacks.Lane lane = callbacks.lane();
            byte[] message = new byte[1 << 20];
            kept = new WeakReference<>(message);
            lane.run(() -> Objects.requireNonNull(message));
            lane.end();
        }
        for (int i = 0; i < 100 && kept.get() != null; i++) {
            System.gc();
            Thread.onSpinWait();
        }
        assertNull(kept.get());
    }
}
