// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.FastThreadLocalThread;
import java.lang.management.ManagementFactory;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Counts the bytes that an operation allocates on the Java heap, as the JVM itself counts them for a thread. On a thread of Netty's kind:
 * elsewhere its allocator and its recycler work without their caches, and every figure is another.
 */
public final class AllocationMeter {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** The compiler removes allocations that do not escape, some while after the code has become hot. */
    private static final int ROUNDS = 40;

    private AllocationMeter() {}

    /**
     * Runs {@code operation} forty times as often as told and gives the least of the forty averages: earlier rounds are the warm-up, and
     * what the compiler adds at random is left out.
     *
     * @param operations for each average; a few thousand make the rest of the JVM's own allocations vanish
     */
    public static double bytesPerOperation(int operations, Runnable operation) {
        CompletableFuture<Double> least = new CompletableFuture<>();
        Thread thread = new FastThreadLocalThread(
                () -> {
                    try {
                        least.complete(measure(operations, operation));
                    } catch (Throwable e) {
                        least.completeExceptionally(e);
                    }
                },
                "allocation-meter");
        thread.setDaemon(true);
        thread.start();
        try {
            return least.join();
        } catch (CompletionException e) {
            throw new AssertionError("the operation failed", e.getCause());
        }
    }

    /** Without the detector of leaks, which makes an object for each buffer; buffers made before are still watched by it. */
    private static double measure(int operations, Runnable operation) {
        ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        try {
            return leastOf(operations, operation);
        } finally {
            ResourceLeakDetector.setLevel(level);
        }
    }

    private static double leastOf(int operations, Runnable operation) {
        double least = Double.MAX_VALUE;
        for (int round = 0; round < ROUNDS; round++) {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < operations; i++) {
                operation.run();
            }
            least = Math.min(least, (THREADS.getCurrentThreadAllocatedBytes() - before) / (double) operations);
        }
        return least;
    }
}
