// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** An executor for callbacks that can refuse them. Thread-safe. */
final class Callbacks implements Executor, AutoCloseable {
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            1,
            1,
            1,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(10_000),
            new DefaultThreadFactory("laboratory-callbacks", true));
    private volatile State state = State.ACCEPTING;

    private enum State {
        ACCEPTING,
        REJECTING
    }

    void reject() {
        state = State.REJECTING;
    }

    void accept() {
        state = State.ACCEPTING;
    }

    @Override
    public void execute(Runnable task) {
        if (state == State.REJECTING) {
            throw new RejectedExecutionException("the executor rejects on purpose");
        }
        threads.execute(task);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
