// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.lang.reflect.Method;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** What this process spends: time, processor time, allocated bytes. */
final class Meter {
    private static final OperatingSystemMXBean SYSTEM =
            (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /** Knows dead threads, too; JDK 21 and later. */
    private static final Optional<Method> TOTAL = total();

    private final Map<Long, Long> allocatedByThread;
    private final long allocated;
    private final long cpuNanos;
    private final long nanos;

    private Meter() {
        allocatedByThread = TOTAL.isPresent() ? Map.of() : byThread();
        allocated = TOTAL.map(Meter::call).orElse(0L);
        cpuNanos = SYSTEM.getProcessCpuTime();
        nanos = System.nanoTime();
    }

    /** What was spent since {@link #start}. */
    record Reading(long nanos, long cpuNanos, long allocatedBytes) {}

    static Meter start() {
        return new Meter();
    }

    Reading read() {
        long elapsed = System.nanoTime() - nanos;
        long cpu = SYSTEM.getProcessCpuTime() - cpuNanos;
        return new Reading(elapsed, cpu, TOTAL.map(Meter::call).orElseGet(this::threads) - allocated);
    }

    /** Before JDK 21 a thread that ends within the measurement takes its part with it: none of the clients' do under load. */
    private long threads() {
        long sum = 0;
        for (Map.Entry<Long, Long> thread : byThread().entrySet()) {
            sum += thread.getValue() - allocatedByThread.getOrDefault(thread.getKey(), 0L);
        }
        return sum;
    }

    private static Map<Long, Long> byThread() {
        long[] ids = THREADS.getAllThreadIds();
        long[] bytes = THREADS.getThreadAllocatedBytes(ids);
        Map<Long, Long> allocated = new HashMap<>();
        for (int i = 0; i < ids.length; i++) {
            if (bytes[i] >= 0) {
                allocated.put(ids[i], bytes[i]);
            }
        }
        return allocated;
    }

    private static Optional<Method> total() {
        try {
            return Optional.of(ThreadMXBean.class.getMethod("getTotalThreadAllocatedBytes"));
        } catch (NoSuchMethodException e) {
            return Optional.empty();
        }
    }

    private static long call(Method total) {
        try {
            return (Long) total.invoke(THREADS);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this JVM does not tell what it allocates", e);
        }
    }
}
