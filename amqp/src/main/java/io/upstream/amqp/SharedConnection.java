// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.EventLoop;
import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Reconnect;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.session.Backoff;
import io.upstream.session.Pause;
import io.upstream.session.Remedy;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A connection that many identities share, and those that come after it when it is lost: one at a time, on one event loop. However many
 * wait for it, there is one attempt at a time, a pause after each that fails, and none while nobody waits. Confined to the event loop, but
 * for the count of seats, which {@link ConnectionTable} guards, and for what says so.
 *
 * <pre>
 *   IDLE ◄─► PAUSING ──► DIALLING ──► UP
 *    ▲ └───────────────────▲ │         │
 *    └───────────────────────┴─────────┘    lost, or not reached
 * </pre>
 */
final class SharedConnection {
    private final EventLoop loop;
    private final Dialler dialler;
    private final Credentials credentials;
    private final Backoff backoff;
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Set<Passenger> waiting = new LinkedHashSet<>();
    private State state = State.IDLE;
    private Dialler.@Nullable Dialling dialling;
    private @Nullable AmqpConnection connection;
    private @Nullable UpstreamException failure;
    private @Nullable Pause pause;

    /** No attempt before then. */
    private long notBefore;

    private int seats;
    private int taken;

    private enum State {
        IDLE,
        PAUSING,
        DIALLING,
        UP,
        CLOSED
    }

    /** Whoever waits for a connection. */
    interface Passenger {
        /** There is one. */
        void boarded(AmqpConnection open);

        /** The attempt failed, that it waited for. */
        void missed(UpstreamException cause);
    }

    /**
     * Connects to nothing yet.
     *
     * @param credentials as for {@link Dialler#dial}
     * @param policy for the pauses between attempts
     */
    SharedConnection(Dialler dialler, EventLoop loop, Credentials credentials, Reconnect policy, int seats) {
        this.dialler = dialler;
        this.loop = loop;
        this.credentials = credentials;
        this.seats = seats;
        backoff = new Backoff(
                policy, this::nanoTime, () -> ThreadLocalRandom.current().nextLong());
        notBefore = nanoTime();
    }

    private long nanoTime() {
        return loop.ticker().nanoTime();
    }

    /** Any thread. */
    EventLoop loop() {
        return loop;
    }

    /** Any thread. */
    Credentials credentials() {
        return credentials;
    }

    boolean hasRoom() {
        return taken < seats;
    }

    /** Has no more seats from now on, and tells whether more than that are taken. */
    boolean isOverbookedWith(int limit) {
        seats = Math.min(seats, limit);
        return taken > seats;
    }

    void take() {
        taken++;
    }

    /** Gives a seat back, and tells whether it was the last. */
    boolean release() {
        return --taken == 0;
    }

    /** Why the latest attempt failed, or the latest connection was lost; null if neither has happened. */
    @Nullable
    UpstreamException failure() {
        return failure;
    }

    /** Tells {@code passenger} of the connection that there is, or of the outcome of the attempt that is under way or comes next. */
    void await(Passenger passenger) {
        if (state == State.UP && connection != null) {
            passenger.boarded(connection);
        } else if (state == State.CLOSED) {
            passenger.missed(closedHere());
        } else {
            waiting.add(passenger);
            if (state == State.IDLE) {
                approach();
            }
        }
    }

    /** How long the next attempt waits at least; zero if one is under way. */
    Duration pauseLeft() {
        return state == State.PAUSING ? Duration.ofNanos(Math.max(0, notBefore - nanoTime())) : Duration.ZERO;
    }

    /** {@code passenger} waits no more. */
    void withdraw(Passenger passenger) {
        waiting.remove(passenger);
        if (waiting.isEmpty() && state == State.PAUSING) {
            cancelPause();
            state = State.IDLE;
        }
    }

    private void cancelPause() {
        if (pause != null) {
            pause.cancel();
            pause = null;
        }
    }

    private void approach() {
        long left = notBefore - nanoTime();
        if (left <= 0) {
            dial();
            return;
        }
        state = State.PAUSING;
        try {
            pause = Pause.of(Duration.ofNanos(left), loop, this::dial, this::loopEnds);
        } catch (RejectedExecutionException e) {
            loopEnds();
        }
    }

    /** The network has changed: does not wait for the end of a pause, unless the failure has nothing to do with the network. */
    void hurry() {
        if (state == State.PAUSING && failure != null && Remedy.mayPassElsewhere(failure)) {
            backoff.forget();
            cancelPause();
            dial();
        }
    }

    private void loopEnds() {
        if (state == State.PAUSING) {
            missed(Failures.runtimeClosed("open", null));
        }
    }

    private void dial() {
        state = State.DIALLING;
        Dialler.Dialling begun = dialler.dial(loop, credentials);
        dialling = begun;
        begun.outcome().whenComplete((open, error) -> {
            dialling = null;
            if (open != null) {
                reached(open);
            } else {
                missed(Failures.translate(error, Where.here("open")));
            }
        });
    }

    private void reached(AmqpConnection open) {
        if (state == State.CLOSED) {
            closeWith(open);
            return;
        }
        state = State.UP;
        connection = open;
        backoff.succeeded();
        open.onRetirement(() -> lost(open.lostCause()));
        for (Passenger each : takeWaiting()) {
            each.boarded(open); // learns from it if it is lost again
        }
    }

    private List<Passenger> takeWaiting() {
        List<Passenger> all = List.copyOf(waiting);
        waiting.clear();
        return all;
    }

    private void lost(UpstreamException cause) {
        connection = null;
        if (state != State.CLOSED) {
            retreat(cause);
        }
    }

    private void missed(UpstreamException cause) {
        if (state == State.CLOSED) {
            closed.complete(null);
            return;
        }
        retreat(cause);
        takeWaiting().forEach(each -> each.missed(cause));
    }

    private void retreat(UpstreamException cause) {
        failure = cause;
        state = State.IDLE;
        notBefore = nanoTime() + backoff.pauseAfter(cause).toNanos();
    }

    /** Any thread: closes in order, for good; completes as {@link #whenClosed}. */
    CompletionStage<Void> close() {
        try {
            loop.execute(this::closeNow);
        } catch (RejectedExecutionException e) {
            closed.complete(null); // the runtime is closed, and its sockets with it
        }
        return closed;
    }

    private void closeNow() {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        cancelPause();
        if (dialling != null) {
            dialling.abort(closedHere());
        } else if (connection != null) {
            closeWith(connection);
        } else {
            closed.complete(null);
        }
        takeWaiting().forEach(each -> each.missed(closedHere()));
    }

    private void closeWith(AmqpConnection open) {
        open.whenClosed(() -> closed.complete(null));
        open.close();
    }

    /** Any thread: completes when it has been told to close and the socket is closed, or the runtime is; never fails. */
    CompletionStage<Void> whenClosed() {
        if (loop.isShuttingDown()) {
            closed.complete(null);
        }
        return closed;
    }

    private static UpstreamException closedHere() {
        return UpstreamException.of(FailureKind.CLOSED, Where.here("transport"), "the transport was closed here");
    }
}
