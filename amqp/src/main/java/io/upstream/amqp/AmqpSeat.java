// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.session.Backoff;
import io.upstream.session.Connector;
import io.upstream.session.Line;
import io.upstream.session.LineOwner;
import io.upstream.session.Outbox;
import io.upstream.session.Pause;
import io.upstream.session.Remedy;
import io.upstream.session.Subject;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One identity's place on a shared connection: brings its lines up, one after the other. It pauses after what was the identity's own
 * fault; after what befell the whole connection, the connection does, for all that sit on it. Confined to the event loop.
 */
final class AmqpSeat implements Connector, LineOwner, SharedConnection.Passenger {
    /** An attempt at a connection that took as long knows better where it was stuck: it comes first. */
    private static final Duration GRACE = Duration.ofMillis(100);

    private final LineTerms terms;
    private final ConnectionTable table;
    private final Consumer<AmqpSeat> left;
    private final Backoff backoff;
    private SharedConnection shared;
    private @Nullable LineOwner session;
    private @Nullable AmqpLine line;
    private @Nullable Pause pause;
    private @Nullable UpstreamException lastFailure;
    private Blame blame = Blame.NOBODY;
    private Step step = Step.IDLE;

    /** When the first attempt must have succeeded. */
    private long deadline;

    private enum Step {
        IDLE,
        /** The identity's own pause. */
        PAUSING,
        /** For the connection. */
        WAITING,
        /** There is a line, or it is coming up. */
        BOARDED,
        LEFT
    }

    /** Whose the latest failure was. */
    private enum Blame {
        /** There was none yet: this is the first attempt. */
        NOBODY,
        IDENTITY,
        CONNECTION
    }

    /**
     * Connects to nothing yet.
     *
     * @param shared where a seat is taken
     * @param left told when it is given back; any thread
     */
    AmqpSeat(LineTerms terms, ConnectionTable table, SharedConnection shared, Consumer<AmqpSeat> left) {
        this.terms = terms;
        this.table = table;
        this.shared = shared;
        this.left = left;
        backoff = new Backoff(
                terms.options().reconnect(),
                this::nanoTime,
                () -> ThreadLocalRandom.current().nextLong());
    }

    private long nanoTime() {
        return shared.loop().ticker().nanoTime();
    }

    @Override
    public void connect(LineOwner owner, @Nullable UpstreamException after) {
        session = owner;
        lastFailure = after;
        if (after == null) {
            begin();
        } else if (blame == Blame.IDENTITY) {
            step = Step.PAUSING;
            Duration wait = backoff.pauseAfter(after);
            owner.waits(wait);
            pauseFor(wait, this::await);
        } else {
            await();
            if (step == Step.WAITING) {
                owner.waits(shared.pauseLeft());
            }
        }
    }

    private void begin() {
        Duration limit = terms.options().connectTimeout();
        deadline = nanoTime() + limit.toNanos();
        pauseFor(limit.plus(GRACE), this::outOfTime);
        await();
    }

    private void pauseFor(Duration time, Runnable over) {
        try {
            pause = Pause.of(time, shared.loop(), over, this::loopEnds);
        } catch (RejectedExecutionException e) {
            loopEnds();
        }
    }

    private void loopEnds() {
        if (step == Step.PAUSING) {
            step = Step.IDLE;
            owner().failed(Failures.runtimeClosed("open", null));
        }
    }

    private void await() {
        step = Step.WAITING;
        shared.await(this);
    }

    private void outOfTime() {
        if (step == Step.WAITING) {
            shared.withdraw(this);
            UpstreamException last = shared.failure();
            missed(UpstreamException.of(
                    FailureKind.TIMEOUT,
                    Where.here("open"),
                    "there was no connection to " + terms.options().hubHost() + " within the "
                            + Failures.seconds(terms.options().connectTimeout()) + " of the connect timeout"
                            + (last == null ? "" : " (" + last.getMessage() + ")")
                            + ": try again later",
                    last));
        }
    }

    @Override
    public void boarded(AmqpConnection open) {
        if (step != Step.WAITING) {
            return;
        }
        if (table.isOverbooked(shared, open.membersAtMost())) {
            shared = table.move(shared);
            shared.await(this);
            return;
        }
        cancelPause();
        step = Step.BOARDED;
        AmqpLine fresh = new AmqpLine(terms, open, this);
        line = fresh;
        fresh.open(blame == Blame.NOBODY ? left(deadline) : terms.options().connectTimeout());
    }

    private Duration left(long until) {
        return Duration.ofNanos(Math.max(0, until - nanoTime()));
    }

    private void cancelPause() {
        if (pause != null) {
            pause.cancel();
            pause = null;
        }
    }

    @Override
    public void missed(UpstreamException cause) {
        if (step == Step.WAITING) {
            cancelPause();
            step = Step.IDLE;
            blame = Blame.CONNECTION;
            owner().failed(cause);
        }
    }

    @Override
    public Outbox outbox() {
        return owner().outbox();
    }

    @Override
    public void up(Line fresh) {
        backoff.succeeded();
        owner().up(fresh);
    }

    @Override
    public void failed(UpstreamException cause) {
        gone();
        owner().failed(cause);
    }

    @Override
    public void lost(Line on, Subject subject, UpstreamException cause) {
        owner().lost(on, subject, cause);
    }

    @Override
    public void retiring(Line old) {
        owner().retiring(old);
    }

    @Override
    public void down(Line old, @Nullable UpstreamException cause) {
        gone();
        owner().down(old, cause);
    }

    private void gone() {
        blame = line == null || line.hasConnection() ? Blame.IDENTITY : Blame.CONNECTION;
        line = null;
        step = Step.IDLE;
    }

    private LineOwner owner() {
        if (session == null) {
            throw new IllegalStateException("nobody has asked for a connection");
        }
        return session;
    }

    @Override
    public void hurry() {
        if (step == Step.WAITING) {
            shared.hurry();
        } else if (step == Step.PAUSING && lastFailure != null && Remedy.mayPassElsewhere(lastFailure)) {
            backoff.forget();
            cancelPause();
            await();
        }
    }

    @Override
    public CompletionStage<Void> leave() {
        step = Step.LEFT;
        cancelPause();
        shared.withdraw(this);
        if (line != null) {
            line.abandon();
            line = null;
        }
        left.accept(this);
        return table.release(shared);
    }
}
