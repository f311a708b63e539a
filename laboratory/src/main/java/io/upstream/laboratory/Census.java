// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.EventLoopGroup;
import java.lang.management.ManagementFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * What this process holds.
 *
 * @param threads of Java, all
 * @param descriptors -1 where they cannot be seen
 * @param buffers that were made and not released, direct and heap, the hub's and the relays' included
 * @param timers that wait on the client's event loops
 * @param pooledBytes what the client's allocator has taken from the system; it keeps what it has once needed
 * @param heapBytes in use after two collections
 * @param residentBytes what the system has given the process, with BoringSSL's memory; 0 where it cannot be seen
 */
public record Census(
        int threads, int descriptors, int buffers, int timers, long pooledBytes, long heapBytes, long residentBytes) {
    private static final int LOOK_MILLIS = 500;

    /** By so much the heap and the compiler's code grow and shrink; ten thousand TLS connections that were not freed would be hundreds. */
    private static final long RESIDENT_MARGIN = 64 << 20;

    static Census take(EventLoopGroup loops) throws InterruptedException {
        System.gc();
        System.gc();
        var pool = PooledByteBufAllocator.DEFAULT.metric();
        return new Census(
                ManagementFactory.getThreadMXBean().getThreadCount(),
                Leftovers.descriptors(),
                NettyState.buffers(),
                NettyState.timers(loops),
                pool.usedDirectMemory() + pool.usedHeapMemory(),
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed(),
                Leftovers.residentBytes());
    }

    /** The least of each that is seen, until it is enough or the time is over: idle threads end by and by, peers close a moment later. */
    static Census settled(EventLoopGroup loops, Predicate<Census> enough, long millis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        Census least = take(loops);
        while (!enough.test(least) && System.nanoTime() - end < 0) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            least = least.min(take(loops));
        }
        return least;
    }

    private Census min(Census other) {
        return new Census(
                Math.min(threads, other.threads),
                Math.min(descriptors, other.descriptors),
                Math.min(buffers, other.buffers),
                Math.min(timers, other.timers),
                Math.min(pooledBytes, other.pooledBytes),
                Math.min(heapBytes, other.heapBytes),
                Math.min(residentBytes, other.residentBytes));
    }

    /** Whether nothing is more than before, but for so many bytes of the heap. */
    boolean isWithin(Census before, long heapMargin) {
        return excess(before, heapMargin).isEmpty();
    }

    /** What is more than before; empty if nothing is. */
    String excess(Census before, long heapMargin) {
        StringBuilder text = new StringBuilder();
        tell(text, "threads", threads - before.threads, 0);
        tell(text, "descriptors", descriptors - before.descriptors, 0);
        tell(text, "buffers", buffers - before.buffers, 0);
        tell(text, "timers", timers - before.timers, 0);
        tell(text, "bytes of heap", heapBytes - before.heapBytes, heapMargin);
        tell(text, "resident bytes", residentBytes - before.residentBytes, RESIDENT_MARGIN);
        return text.toString();
    }

    private static void tell(StringBuilder text, String what, long more, long margin) {
        if (more > margin) {
            text.append(text.isEmpty() ? "" : ", ")
                    .append(more)
                    .append(" more ")
                    .append(what);
        }
    }
}
