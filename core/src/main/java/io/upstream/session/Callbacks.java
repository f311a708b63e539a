// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the application's code of one session in order, one piece at a time, on the runtime's callback executor. The executor is asked
 * once for a whole run of pieces, not for each. Any thread may add; what a piece throws is logged and goes no further.
 *
 * <p>Its queue is bounded by what feeds it: the outbox, the inbound window, and the few status changes of a session's life.
 */
public final class Callbacks {
    private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

    private final Executor executor;
    private final Queue<Runnable> pieces = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Runnable drain = this::drain;

    public Callbacks(Executor executor) {
        this.executor = executor;
    }

    /** Runs {@code piece} after all that were added before. */
    public void run(Runnable piece) {
        if (add(piece)) {
            start();
        }
    }

    /**
     * Adds {@code piece} and runs nothing, for callers that hold a lock.
     *
     * @return whether the caller has to {@link #start} when it has let go
     */
    boolean add(Runnable piece) {
        pieces.add(piece);
        return waiting.getAndIncrement() == 0;
    }

    /** Has run what was added. */
    void start() {
        try {
            executor.execute(drain);
        } catch (RejectedExecutionException e) {
            drain(); // the host closed its executor early: a late answer on this thread beats none
        } catch (RuntimeException | Error e) {
            log.warn("the callback executor failed, the application is called on this thread", e);
            drain(); // no thread can be made, perhaps: later pieces would wait for ever behind this one
        }
    }

    private void drain() {
        int done = 0;
        do {
            Runnable piece = pieces.poll();
            if (piece != null) {
                contain(piece);
                done = 1;
            }
        } while (waiting.addAndGet(-done) > 0);
    }

    private static void contain(Runnable piece) {
        try {
            piece.run();
        } catch (Throwable e) {
            log.warn("a callback of the application failed", e);
        }
    }
}
