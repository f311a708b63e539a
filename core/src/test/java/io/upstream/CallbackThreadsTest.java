// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CallbackThreadsTest {
    private static final int USUAL = 2;

    private final EmbeddedChannel timer = new EmbeddedChannel();
    private final CallbackThreads threads = new CallbackThreads(USUAL, this::newThread, timer.eventLoop());
    private final ThreadPoolExecutor pool = (ThreadPoolExecutor) threads.pool();

    /** One for each that blocks and has begun. */
    private final Semaphore begun = new Semaphore(0);

    /** One for each that may return. */
    private final Semaphore free = new Semaphore(0);

    private volatile boolean exhausted;

    private Thread newThread(Runnable task) {
        if (exhausted) {
            throw new OutOfMemoryError("on purpose: unable to create native thread");
        }
        return new Thread(task);
    }

    CallbackThreadsTest() {
        timer.freezeTime();
    }

    @AfterEach
    void close() throws InterruptedException {
        free.release(10_000);
        pool.shutdown();
        assertTrue(pool.awaitTermination(10, TimeUnit.SECONDS));
        timer.finishAndReleaseAll();
    }

    private void block(int count) {
        for (int i = 0; i < count; i++) {
            threads.execute(() -> {
                begun.release();
                free.acquireUninterruptibly();
            });
        }
    }

    private void awaitBegun(int count) throws InterruptedException {
        assertTrue(begun.tryAcquire(count, 10, TimeUnit.SECONDS), () -> begun.availablePermits() + " of " + count);
    }

    private void look() {
        timer.advanceTimeBy(CallbackThreads.PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        timer.runScheduledPendingTasks();
    }

    private boolean isWatched() {
        return timer.runScheduledPendingTasks() >= 0;
    }

    private void awaitEnded(long count) throws InterruptedException {
        for (int i = 0; i < 10_000 && pool.getCompletedTaskCount() < count; i++) {
            Thread.sleep(1);
        }
        assertEquals(count, pool.getCompletedTaskCount());
    }

    /** P33: each that blocks costs the others one look. */
    @Test
    void whoeverBlocksHoldsUpHimselfOnly() throws Exception {
        block(10);
        awaitBegun(USUAL);
        for (int blocked = USUAL; blocked < 10; blocked++) {
            assertEquals(blocked, pool.getPoolSize());
            look();
            awaitBegun(1);
        }
        CountDownLatch other = new CountDownLatch(1);
        threads.execute(other::countDown);
        look();
        assertTrue(other.await(10, TimeUnit.SECONDS));
    }

    @Test
    void makesNoThreadWhileOthersReturn() throws Exception {
        block(10);
        awaitBegun(USUAL);
        for (int returned = 1; returned < 8; returned++) {
            free.release();
            awaitBegun(1);
            awaitEnded(returned);
            look();
            assertEquals(USUAL, pool.getPoolSize());
        }
        look();
        awaitBegun(1);
        assertEquals(USUAL + 1, pool.getPoolSize(), "since then none has returned");
    }

    @Test
    void hasNoMoreThanItsBound() throws Exception {
        block(CallbackThreads.MOST + 3);
        awaitBegun(USUAL);
        for (int i = 0; i < 2 * CallbackThreads.MOST; i++) {
            look();
        }
        awaitBegun(CallbackThreads.MOST - USUAL);
        assertEquals(CallbackThreads.MOST, pool.getPoolSize());
        free.release(3);
        awaitBegun(3);
    }

    /** Whoever adds a task must not run it himself: it may be an event loop. */
    @Test
    void waitsUntilThreadsCanBeMadeAgain() throws Exception {
        block(USUAL + 1);
        awaitBegun(USUAL);
        exhausted = true;
        look();
        block(1);
        look();
        assertEquals(USUAL, pool.getPoolSize());
        assertEquals(2, pool.getQueue().size());
        exhausted = false;
        look();
        awaitBegun(1);
        look();
        awaitBegun(1);
    }

    @Test
    void isNotWatchedWhenNobodyWaits() throws Exception {
        assertFalse(isWatched());
        block(USUAL);
        awaitBegun(USUAL);
        assertFalse(isWatched(), "blocked threads hold nobody up");
        block(1);
        assertTrue(isWatched());
        look();
        awaitBegun(1);
        look();
        assertTrue(isWatched(), "one is there that is not usual");
        free.release(2);
        awaitEnded(2);
        look();
        assertFalse(isWatched());
        assertEquals(USUAL, pool.getCorePoolSize());
        block(USUAL);
        awaitBegun(1);
    }

    @Test
    void runsNothingMoreWhenItsRuntimeIsClosed() {
        pool.shutdown();
        assertThrows(RejectedExecutionException.class, () -> threads.execute(() -> {}));
    }
}
