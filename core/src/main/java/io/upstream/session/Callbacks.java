// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the application's code of one session in order, one piece at a time, on the runtime's callback executor. The executor is asked
 * once for a whole run of pieces, not for each. Any thread may add; what a piece throws is logged, once a minute, and goes no further.
 *
 * <p>Its queue is bounded by what feeds it: the outbox, the inbound window of the present connection, whose {@link Lane} ends with it, and the
 * few status changes of a session's life.
 */
public final class Callbacks {
    private static final Logger log = LoggerFactory.getLogger(Callbacks.class);

    private final Executor executor;
    private final Complaints complaints;

    /** Its own lock guards it, and the state. */
    private final Queue<Runnable> pieces = new ArrayDeque<>(2);

    private final Runnable drain = this::drain;
    private State state = State.IDLE;

    private enum State {
        IDLE,
        /** A thread runs pieces, or is about to. */
        RUNNING
    }

    /** A piece and to what it belongs. */
    private record LanePiece(Lane lane, Runnable task) implements Runnable {
        @Override
        public void run() {
            task.run();
        }
    }

    /** Of a session without a name. */
    public Callbacks(Executor executor) {
        this(executor, "a session");
    }

    /** @param session what the log calls it */
    public Callbacks(Executor executor, String session) {
        this(executor, session, System::nanoTime);
    }

    Callbacks(Executor executor, String session, LongSupplier nanoTime) {
        this.executor = executor;
        complaints = new Complaints(log, session, nanoTime);
    }

    /** How often the application's code threw, or a handler's stage failed. Any thread. */
    public long failures() {
        return complaints.all();
    }

    /** Runs {@code piece} after all that were added before. */
    public void run(Runnable piece) {
        if (add(piece)) {
            start();
        }
    }

    /** For what a connection brings; one for each. */
    public Lane lane() {
        return new Lane();
    }

    /**
     * Adds {@code piece} and runs nothing, for callers that hold a lock.
     *
     * @return whether the caller has to {@link #start} when it has let go
     */
    boolean add(Runnable piece) {
        synchronized (pieces) {
            pieces.add(piece);
            State before = state;
            state = State.RUNNING;
            return before == State.IDLE;
        }
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
        for (Runnable piece = next(); piece != null; piece = next()) {
            contain(piece);
        }
    }

    private @Nullable Runnable next() {
        synchronized (pieces) {
            Runnable piece = pieces.poll();
            if (piece == null) {
                state = State.IDLE;
            }
            return piece;
        }
    }

    private void contain(Runnable piece) {
        try {
            piece.run();
        } catch (Throwable e) {
            complaints.add("a callback of the application failed", e);
        }
    }

    /**
     * Pieces in order with all others, of which those that were not begun when it ends are forgotten, and all that they hold: what a lost
     * connection brought comes again on the next one, however long the application keeps the queue waiting. Any thread.
     */
    public final class Lane {
        private Life life = Life.OPEN;

        private enum Life {
            OPEN,
            ENDED
        }

        private Lane() {}

        /** As {@link Callbacks#run}; without effect after {@link #end}. */
        public void run(Runnable piece) {
            boolean starts;
            synchronized (pieces) {
                starts = life == Life.OPEN && add(new LanePiece(this, piece));
            }
            if (starts) {
                start();
            }
        }

        /**
         * A piece failed in a way that it knows itself, and has dealt with.
         *
         * @param what in words of ours, for the log
         */
        public void complain(String what, Throwable error) {
            complaints.add(what, error);
        }

        /** Begins no piece any more. Idempotent. */
        public void end() {
            synchronized (pieces) {
                life = Life.ENDED;
                pieces.removeIf(piece -> piece instanceof LanePiece owned && owned.lane == this);
            }
        }
    }
}
