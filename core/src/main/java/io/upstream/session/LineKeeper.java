// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.NetworkException;
import io.upstream.Phase;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.session.Comeback.News;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a session on a line: has one made when there is none, puts everything that the session is about onto it, and ends with the session.
 * The state is {@link Lifecycle}'s phase. Confined to the event loop, but for {@link #outbox} and {@link #whenOpened}.
 *
 * <pre>
 *   connect ──► up ──► (retiring) ──► down ──► connect …
 *      ▲    └─► failed ─┐
 *      └────────────────┘
 * </pre>
 */
final class LineKeeper implements LineOwner {
    /** Before the 5 s that {@link io.upstream.UpstreamSession#close(Duration)} promises are over. */
    private static final Duration LAST_WORD_AFTER = Duration.ofMillis(4_700);

    private final SessionTerms terms;
    private final Lifecycle lifecycle;
    private final Connector connector;
    private final Comeback comeback;
    private final Outbox outbox;
    private final Errands errands;
    private final Handlers handlers;
    private final Gaps gaps;
    private final CompletableFuture<Void> opened = new CompletableFuture<>();
    private final CompletableFuture<Void> released = new CompletableFuture<>();
    private @Nullable Line line;
    private long drainEndNanos;

    /** From {@link #close} on, unless there was nothing to wait for. */
    private @Nullable Pause drainEnd;

    LineKeeper(SessionTerms terms, Lifecycle lifecycle, Connector connector) {
        this.terms = terms;
        this.lifecycle = lifecycle;
        this.connector = connector;
        comeback = new Comeback(lifecycle, terms.watch(), connector);
        outbox = new Outbox(
                terms.loop(),
                terms.callbacks(),
                terms.options(),
                SharedRoom.of(terms.runtime()),
                this::pump,
                this::nanoTime,
                terms.watch().ledger());
        errands = new Errands(terms);
        gaps = new Gaps(terms.callbacks(), this::nanoTime);
        handlers = new Handlers(terms, gaps);
    }

    private long nanoTime() {
        return terms.loop().ticker().nanoTime();
    }

    @Override
    public Outbox outbox() {
        return outbox;
    }

    /** Completes on the session's callbacks when the first attempt is over. */
    CompletableFuture<Void> whenOpened() {
        return opened;
    }

    Handlers handlers() {
        return handlers;
    }

    Gaps gaps() {
        return gaps;
    }

    void open() {
        if (lifecycle.is(Phase.CONNECTING)) {
            comeback.first(this);
        }
    }

    /** Any thread: the runtime is closed. */
    void reject() {
        opened.completeExceptionally(
                UpstreamException.of(FailureKind.CLOSED, Where.here("open"), "the runtime is closed"));
    }

    /** As {@link io.upstream.UpstreamSession#twin}. */
    void twin(CompletableFuture<Twin> outcome) {
        CompletableFuture<Twin> read = new CompletableFuture<>();
        read.whenComplete((twin, error) -> {
            if (error != null) {
                outcome.completeExceptionally(error);
            } else {
                handlers.hasRead(twin);
                outcome.complete(twin);
            }
        });
        errands.run("the request for the twin", read, current -> current.twin(read));
    }

    /** As {@link Line#report}. */
    void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome) {
        errands.run("the patch of the twin", outcome, current -> current.report(patch, base, outcome));
    }

    /** As {@link io.upstream.UpstreamSession#probe}: a connection that there is not will not answer later either. */
    void probe(CompletableFuture<Duration> outcome) {
        if (line != null) {
            line.probe(outcome);
            return;
        }
        UpstreamException last = lifecycle.status().cause();
        UpstreamException none = UpstreamException.of(
                last instanceof NetworkException ? last.kind() : FailureKind.UNREACHABLE,
                Where.here("session"),
                "there is no connection at present" + (last == null ? "" : " (" + last.getMessage() + ")"),
                last);
        terms.callbacks().run(() -> outcome.completeExceptionally(none));
    }

    /** As {@link io.upstream.UpstreamTransport#networkChanged}. */
    void networkChanged() {
        Line asked = line;
        if (asked == null) {
            connector.hurry();
            return;
        }
        CompletableFuture<Duration> alive = new CompletableFuture<>();
        alive.whenComplete((time, error) -> {
            if (error instanceof NetworkException silence) { // else it could not be asked
                onLoop(() -> giveUp(asked, silence));
            }
        });
        asked.probe(alive);
    }

    private void giveUp(Line dead, UpstreamException cause) {
        if (line == dead) {
            dead.giveUp(cause);
        }
    }

    private void onLoop(Runnable task) {
        try {
            terms.loop().execute(task);
        } catch (RejectedExecutionException e) {
            // the loop is gone, and the line with it
        }
    }

    private void pump() {
        if (line != null) {
            line.pump();
        }
    }

    @Override
    public void waits(Duration pause) {
        comeback.waits(pause);
    }

    @Override
    public void up(Line fresh) {
        comeback.arrives();
        if (lifecycle.is(Phase.CLOSED)) {
            fresh.finish(Duration.ZERO);
            return;
        }
        line = fresh;
        outbox.resume();
        if (drainEnd != null) {
            fresh.finish(Duration.ofNanos(Math.max(0, drainEndNanos - nanoTime())));
            return;
        }
        boolean usable = handlers.isEmpty();
        if (usable) {
            usable();
        }
        fresh.pump();
        if (line == fresh) { // else it has broken while it was written to
            handlers.up(fresh, usable ? () -> {} : this::usable);
        }
        if (line == fresh) {
            errands.up(fresh);
        }
    }

    private void usable() {
        if (lifecycle.moveTo(Phase.CONNECTED, null)) { // not if a close is on its way here
            comeback.succeeded();
            terms.watch().connected();
            terms.callbacks().run(() -> opened.complete(null));
        }
    }

    @Override
    public void failed(UpstreamException cause) {
        comeback.arrives();
        terms.watch().failed(cause);
        switch (lifecycle.status().phase()) {
            case CONNECTING -> end(cause);
            case RECONNECTING -> again(cause, News.STATUS);
            case CLOSING -> again(cause, News.NONE);
            case CONNECTED, CLOSED -> {} // nobody asked for it any more
        }
    }

    @Override
    public void lost(Line on, Subject subject, UpstreamException cause) {
        if (line == on && isServing()) {
            handlers.lost(subject, cause);
        }
    }

    @Override
    public void retiring(Line old) {
        if (line == old && isServing()) {
            detach(null);
            if (lifecycle.is(Phase.CONNECTED)) {
                lifecycle.moveTo(Phase.RECONNECTING, null, 1, Duration.ZERO);
            }
        }
    }

    /** Also before the hub has confirmed everything again. */
    private boolean isServing() {
        return lifecycle.is(Phase.CONNECTED) || lifecycle.is(Phase.RECONNECTING);
    }

    @Override
    public void down(Line old, @Nullable UpstreamException cause) {
        comeback.arrives();
        boolean current = line == old;
        if (current) {
            detach(cause);
        }
        switch (lifecycle.status().phase()) {
            case CONNECTING, CONNECTED, RECONNECTING -> comeBack(cause);
            case CLOSING -> {
                if (outbox.isEmpty() || (current && cause == null) || isDrainOver()) {
                    end(null);
                } else {
                    comeBack(cause); // while the drain lasts
                }
            }
            case CLOSED -> {}
        }
    }

    private void detach(@Nullable UpstreamException cause) {
        line = null;
        outbox.interrupt(cause);
        handlers.down(cause);
        errands.down();
        if (cause != null || isServing()) {
            terms.watch().lost(cause);
        }
    }

    private void comeBack(@Nullable UpstreamException cause) {
        if (isLast(cause)) {
            end(cause);
            return;
        }
        outbox.rewind();
        boolean known = lifecycle.is(Phase.CLOSING) || (cause == null && lifecycle.is(Phase.RECONNECTING));
        again(cause, known ? News.NONE : News.STATUS);
    }

    /** Whether the runtime is closed, or nobody wants another connection after a failure. */
    private boolean isLast(@Nullable UpstreamException cause) {
        return cause != null
                && (Remedy.of(cause) == Remedy.GIVE_UP
                        || terms.options().reconnect().isNever());
    }

    private void again(@Nullable UpstreamException cause, News news) {
        if (isLast(cause)) {
            end(cause);
        } else {
            comeback.again(this, cause, news);
        }
    }

    /** As {@link io.upstream.UpstreamSession#close(Duration)}; completes {@code done} in time whatever happens. */
    void close(Duration drain, CompletableFuture<Void> done) {
        released.whenComplete((nothing, error) -> terms.callbacks().run(() -> done.complete(null)));
        Future<?> lastWord = terms.loop()
                .schedule(() -> completeAside(done), drain.plus(LAST_WORD_AFTER).toNanos(), TimeUnit.NANOSECONDS);
        done.whenComplete((nothing, error) -> lastWord.cancel(false));
        drainEndNanos = nanoTime() + drain.toNanos();
        if (line == null && (drain.isZero() || outbox.isEmpty() || !opened.isDone())) {
            end(null);
            return;
        }
        drainEnd = Pause.of(drain, terms.loop(), this::outOfTime, this::outOfTime);
        if (line != null) {
            line.finish(drain);
        }
        if (drain.isZero()) {
            outOfTime();
        }
    }

    private boolean isDrainOver() {
        return drainEnd != null && nanoTime() - drainEndNanos >= 0;
    }

    /** Nobody waits for the goodbye of a line: what is unanswered by now stays so. */
    private void outOfTime() {
        endOutbox();
        if (line == null) {
            end(null);
        }
    }

    private void endOutbox() {
        outbox.end(
                closed("the session was closed before the hub answered; the hub may have it all the same"),
                closed("the session was closed, the message was not sent"));
    }

    /** Callbacks of the application hold up what comes after them: the promise to be done in time is kept without them. */
    private void completeAside(CompletableFuture<Void> done) {
        try {
            terms.runtime().blocking().execute(() -> done.complete(null));
        } catch (RejectedExecutionException e) {
            done.complete(null);
        }
    }

    /**
     * The one way out. Only the first call counts.
     *
     * @param cause null after {@link #close}
     */
    private void end(@Nullable UpstreamException cause) {
        if (lifecycle.is(Phase.CLOSED)) {
            return;
        }
        if (drainEnd != null) {
            drainEnd.cancel();
        }
        UpstreamException reason = cause != null ? cause : closed("the session was closed");
        if (cause == null) {
            endOutbox();
        } else {
            outbox.end(Failures.unanswered(cause), Failures.unsent(cause));
        }
        errands.end(reason);
        handlers.end(reason);
        if (lifecycle.moveTo(Phase.CLOSED, cause)) {
            terms.watch().closed(cause);
        }
        // before the answer: whoever opens again on it must not meet the seat that is given back
        CompletionStage<Void> left = connector.leave();
        terms.callbacks().run(() -> opened.completeExceptionally(reason));
        left.whenComplete((nothing, error) -> released.complete(null));
    }

    private static UpstreamException closed(String text) {
        return UpstreamException.of(FailureKind.CLOSED, Where.here("session"), text);
    }
}
