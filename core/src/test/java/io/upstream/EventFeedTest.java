// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.UpstreamEvent.RoundTrip;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class EventFeedTest {
    private static final RoundTrip SOMETHING = new RoundTrip(Duration.ofMillis(3));

    private static void publish(UpstreamRuntime runtime, int times) {
        for (int i = 0; i < times; i++) {
            runtime.publish(UpstreamProtocol.MQTT, Identity.device("d"), SOMETHING);
        }
    }

    @Test
    void numbersEventsFromManyThreadsAndTellsAllObserversInThatOrder() throws Exception {
        List<Long> one = Collections.synchronizedList(new ArrayList<>());
        List<Long> other = Collections.synchronizedList(new ArrayList<>());
        CountDownLatch told = new CountDownLatch(800);
        try (UpstreamRuntime runtime = UpstreamRuntime.builder()
                .threads(1)
                .observer(event -> {
                    one.add(event.sequence());
                    told.countDown();
                })
                .observer(event -> {
                    other.add(event.sequence());
                    told.countDown();
                })
                .build()) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                threads.add(new Thread(() -> publish(runtime, 100)));
            }
            threads.forEach(Thread::start);
            assertTrue(told.await(20, TimeUnit.SECONDS));
        }
        for (long i = 1; i <= 400; i++) {
            assertEquals(i, one.get((int) i - 1));
            assertEquals(i, other.get((int) i - 1));
        }
    }

    @Test
    void anObserverThatThrowsIsToldOfTheNextEventAllTheSame() throws Exception {
        CountDownLatch told = new CountDownLatch(3);
        try (UpstreamRuntime runtime = UpstreamRuntime.builder()
                .threads(1)
                .observer(event -> {
                    told.countDown();
                    throw new AssertionError("as the test wants it");
                })
                .build()) {
            publish(runtime, 3);
            assertTrue(told.await(20, TimeUnit.SECONDS));
        }
    }

    @Test
    void anObserverThatBlocksHoldsUpNobodyAndWhatIsDroppedIsCountedAndMissing() throws Exception {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch quick = new CountDownLatch(UpstreamObserver.QUEUE + 100);
        AtomicReference<Long> latest = new AtomicReference<>(0L);
        try (UpstreamRuntime runtime = UpstreamRuntime.builder()
                .threads(1)
                .observer(event -> {
                    blocked.countDown();
                    await(release);
                    latest.set(event.sequence());
                })
                .observer(event -> quick.countDown())
                .build()) {
            publish(runtime, 1);
            assertTrue(blocked.await(20, TimeUnit.SECONDS));
            for (int i = 0; i < UpstreamObserver.QUEUE + 100 - 1; i++) {
                publish(runtime, 1);
                awaitCount(quick, UpstreamObserver.QUEUE + 100 - 2 - i);
            }
            assertTrue(quick.await(20, TimeUnit.SECONDS), "the other one has seen all");
            assertEquals(99, runtime.droppedEvents());
            release.countDown();
        }
        assertEquals(UpstreamObserver.QUEUE + 1L, latest.get(), "the last that found room");
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** So that the quick one never has to drop anything. */
    private static void awaitCount(CountDownLatch latch, long count) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (latch.getCount() > count) {
            assertTrue(System.nanoTime() - end < 0, "not told in time");
            Thread.onSpinWait();
        }
    }

    @Test
    void anObserverThatIsStuckDoesNotKeepTheRuntimeFromClosing() throws Exception {
        CountDownLatch stuck = new CountDownLatch(1);
        CountDownLatch never = new CountDownLatch(1);
        UpstreamRuntime runtime = UpstreamRuntime.builder()
                .threads(1)
                .observer(event -> {
                    stuck.countDown();
                    await(never);
                })
                .build();
        publish(runtime, 1);
        assertTrue(stuck.await(20, TimeUnit.SECONDS));
        long began = System.nanoTime();
        runtime.close();
        assertTrue(System.nanoTime() - began < TimeUnit.SECONDS.toNanos(8), "it was interrupted after a second");
        publish(runtime, 1);
    }

    @Test
    void withoutAnObserverNothingIsMade() {
        try (UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build()) {
            assertFalse(runtime.isObserved());
            publish(runtime, 10);
            assertEquals(0, runtime.droppedEvents());
        }
    }
}
