// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** Counts what becomes of so many operations. Safe for use by any thread. */
final class Tally {
    private final int expected;
    private final CountDownLatch pending;
    private final AtomicInteger succeeded = new AtomicInteger();
    private final AtomicReference<String> trouble = new AtomicReference<>("");

    /**
     * How many succeeded.
     *
     * @param trouble the first failure, or empty
     */
    record Outcome(int succeeded, String trouble) {}

    Tally(int expected) {
        this.expected = expected;
        this.pending = new CountDownLatch(expected);
    }

    /** One operation is over. */
    void done(@Nullable Throwable failure) {
        if (failure == null) {
            succeeded.incrementAndGet();
        } else {
            trouble.compareAndSet("", failure.toString());
        }
        pending.countDown();
    }

    /** All operations are over, whatever they have come to. */
    void giveUp(Throwable failure) {
        trouble.compareAndSet("", failure.toString());
        for (int i = 0; i < expected; i++) {
            pending.countDown();
        }
    }

    /** What there is when all are over, or when the limit is. */
    Outcome await(Duration limit) throws InterruptedException {
        if (!pending.await(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            trouble.compareAndSet("", pending.getCount() + " of " + expected + " were not done in time");
        }
        return new Outcome(succeeded.get(), String.valueOf(trouble.get()));
    }
}
