// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoopGroup;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.concurrent.EventExecutor;
import java.lang.reflect.Field;
import java.util.Collection;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What Netty holds and does not tell by itself: buffers that are not released, and the timers of event loops. Its leak detector knows the former
 * once it watches every one; this looks into it.
 */
final class NettyState {
    private static final String BUFFERS = "io.netty.buffer.AbstractByteBuf";
    private static final String TIMERS = "io.netty.util.concurrent.AbstractScheduledEventExecutor";
    private static final int LIMIT_SECONDS = 10;
    private static final AtomicLong LEAKS = new AtomicLong();

    private NettyState() {}

    /** Has every buffer watched that is made from now on, and gives the level that was in force. */
    static ResourceLeakDetector.Level watchAll() {
        if (System.getProperty("io.netty.leakDetection.acquireAndReleaseOnly") == null) {
            System.setProperty(
                    "io.netty.leakDetection.acquireAndReleaseOnly", "true"); // where a buffer went is not asked
        }
        ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ByteBufUtil.setLeakListener((type, records) -> LEAKS.incrementAndGet());
        return before;
    }

    /** How many buffers the garbage collector found that nobody had released, since they are watched. */
    static long leaks() {
        return LEAKS.get();
    }

    static int buffers() {
        try {
            Object detector = field(Class.forName(BUFFERS), "leakDetector").get(null);
            return ((Collection<?>)
                            field(ResourceLeakDetector.class, "allLeaks").get(detector))
                    .size();
        } catch (ClassNotFoundException | IllegalAccessException e) {
            throw new IllegalStateException("Netty's leak detector cannot be looked into", e);
        }
    }

    static int timers(EventLoopGroup loops) throws InterruptedException {
        int sum = 0;
        for (EventExecutor loop : loops) {
            try {
                sum += loop.submit(() -> timers(loop)).get(LIMIT_SECONDS, TimeUnit.SECONDS);
            } catch (ExecutionException | TimeoutException e) {
                throw new IllegalStateException("an event loop does not tell its timers", e);
            }
        }
        return sum;
    }

    private static int timers(EventExecutor loop) throws ClassNotFoundException, IllegalAccessException {
        Object queue = field(Class.forName(TIMERS), "scheduledTaskQueue").get(loop);
        return queue == null ? 0 : ((Collection<?>) queue).size();
    }

    private static Field field(Class<?> type, String name) {
        try {
            Field field = type.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException e) {
            throw new IllegalStateException("this Netty has no " + name + " in " + type.getName(), e);
        }
    }
}
