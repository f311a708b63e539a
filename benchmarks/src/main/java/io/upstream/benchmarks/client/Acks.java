// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.AtomicHistogram;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Counts the acknowledgements of one connection and wakes the sender. Any thread reports, one thread sends. Acknowledgements are taken
 * to come in the order of the messages, as they do on one connection: the nth belongs to the nth message.
 */
public final class Acks implements AckListener {
    static final int MAX_IN_FLIGHT = 4_096;

    private static final long DEADLINE_SECONDS = 30;
    private static final long LONGEST_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final AtomicLong count = new AtomicLong();
    private final long[] startNanos = new long[MAX_IN_FLIGHT];
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private Histogram latency = new AtomicHistogram(LONGEST_NANOS, 3);
    private volatile long sampleMask;
    private volatile long wanted = Long.MAX_VALUE;
    private volatile @Nullable Thread waiting;

    /** Starts another histogram; only while nothing is in flight. Every message is timed, or each sixteenth where time costs throughput. */
    void startRound(boolean timesEach) {
        latency = new AtomicHistogram(LONGEST_NANOS, 3);
        sampleMask = timesEach ? 0 : 15;
    }

    /** Notes when a message was sent; called before it is. */
    void sending(long number) {
        if ((number & sampleMask) == 0) {
            startNanos[(int) (number & (MAX_IN_FLIGHT - 1))] = System.nanoTime();
        }
    }

    @Override
    public void acknowledged() {
        long number = count.getAndIncrement();
        if ((number & sampleMask) == 0) {
            long nanos = System.nanoTime() - startNanos[(int) (number & (MAX_IN_FLIGHT - 1))];
            latency.recordValue(Math.min(nanos, LONGEST_NANOS));
        }
        if (number + 1 >= wanted) {
            wake();
        }
    }

    /** The sender throws. */
    @Override
    public void failed(Throwable cause) {
        failure.compareAndSet(null, cause);
        wake();
    }

    private void wake() {
        Thread thread = waiting;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    long count() {
        return count.get();
    }

    Histogram latency() {
        return latency;
    }

    /** Throws what has failed. */
    void check() throws Exception {
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("a message was not acknowledged: " + cause, cause);
        }
    }

    /** Waits until {@code target} messages are acknowledged, at most half a minute. */
    void await(long target) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DEADLINE_SECONDS);
        waiting = Thread.currentThread();
        wanted = target;
        while (count.get() < target) {
            check();
            long left = end - System.nanoTime();
            if (left <= 0) {
                throw new TimeoutException(
                        (target - count.get()) + " messages were not acknowledged within " + DEADLINE_SECONDS + " s");
            }
            LockSupport.parkNanos(this, left);
        }
        wanted = Long.MAX_VALUE;
    }
}
