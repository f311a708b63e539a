// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The threads that run the application's code: few while it returns, one more each time that somebody waits and none has come back for a
 * while, up to a bound. So whoever blocks, or is busy without a pause, holds up himself only. Threads end when they have been idle for some
 * seconds. Thread-safe.
 */
final class CallbackThreads implements Executor {
    /** So long all may be taken, while somebody waits, before there is another. */
    static final Duration PATIENCE = Duration.ofMillis(50);

    /** Blocked ones included. */
    static final int MOST = 64;

    private static final int IDLE_SECONDS = 5;

    private static final Logger log = LoggerFactory.getLogger(CallbackThreads.class);

    private final ThreadPoolExecutor pool;
    private final int usual;
    private final ScheduledExecutorService timer;
    private final AtomicReference<Watch> watch = new AtomicReference<>(Watch.OFF);

    /** How many tasks had ended at the last look. Only whoever has switched the watch on, and each look after that, one after the other. */
    private long ended;

    private enum Watch {
        OFF,
        /** A look is scheduled. */
        ON
    }

    /**
     * Has no thread yet.
     *
     * @param usual how many there are at most while none is held up
     * @param timer looks from time to time whether one is; does not block
     */
    CallbackThreads(int usual, ThreadFactory factory, ScheduledExecutorService timer) {
        this.usual = usual;
        this.timer = timer;
        pool = new ThreadPoolExecutor(
                usual, Math.max(usual, MOST), IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        pool.allowCoreThreadTimeOut(true);
    }

    /** To be closed with the runtime; everything runs by {@link #execute}. */
    ExecutorService pool() {
        return pool;
    }

    @Override
    public void execute(Runnable task) {
        pool.execute(task);
        if (somebodyWaits()) {
            switchOn();
        }
    }

    private boolean somebodyWaits() {
        return !pool.getQueue().isEmpty();
    }

    private void switchOn() {
        if (watch.get() == Watch.OFF && watch.compareAndSet(Watch.OFF, Watch.ON)) {
            ended = pool.getCompletedTaskCount();
            schedule();
        }
    }

    private void schedule() {
        try {
            timer.schedule(this::look, PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed");
        }
    }

    private void look() {
        long before = ended;
        ended = pool.getCompletedTaskCount();
        if (somebodyWaits()) {
            if (ended == before) {
                addThread();
            }
        } else if (pool.getCorePoolSize() == usual || pool.getActiveCount() < usual) {
            pool.setCorePoolSize(usual);
            switchOff();
            return;
        }
        schedule();
    }

    private void switchOff() {
        watch.set(Watch.OFF);
        if (somebodyWaits()) {
            switchOn(); // came in between and found the watch on
        }
    }

    private void addThread() {
        int present = pool.getPoolSize();
        int most = pool.getMaximumPoolSize();
        if (present >= most) {
            return;
        }
        try {
            pool.setCorePoolSize(present + 1);
            pool.prestartCoreThread(); // were there fewer than the core before, that has started none
        } catch (OutOfMemoryError e) {
            log.debug("no thread can be made", e);
            pool.setCorePoolSize(
                    Math.max(usual, present)); // or each task would try, where the application is not to be called
            return;
        }
        if (present + 1 == most) {
            log.warn("sessions keep {} threads for callbacks busy or blocked, the most there are: others wait", most);
        }
    }
}
