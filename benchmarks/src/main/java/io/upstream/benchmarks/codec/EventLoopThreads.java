// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Threads as an event loop has them. On any other, Netty's pooled allocator and recycler work without their caches, and every figure of
 * a codec that uses them is wrong. JMH makes it by name, from {@code -Djmh.executor.class}.
 */
public final class EventLoopThreads extends ThreadPoolExecutor {
    /** The constructor that JMH asks for. */
    public EventLoopThreads(int threads, String prefix) {
        super(
                threads,
                threads,
                0,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(),
                new DefaultThreadFactory(prefix, true));
    }
}
