// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.util.concurrent.Future;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.Reconnect;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the application receives: declared once, put onto every line. Confined to the event loop. */
final class Handlers {
    /** The line has a limit of its own, and knows better why nothing was answered. */
    private static final Duration GRACE = Duration.ofMillis(100);

    private static final long AGAIN_MILLIS = 5_000;
    private static final Logger log = LoggerFactory.getLogger(Handlers.class);

    private final SessionTerms terms;
    private final DesiredWatch desired;
    private final Gaps gaps;
    private final Map<Subject, Declaration> declared = new EnumMap<>(Subject.class);
    private @Nullable Line line;

    /** The latest reading of the twin after a gap. */
    private @Nullable CurrentLine catchingUp;

    /** To be done when the line has all that an earlier one had. */
    private @Nullable Runnable restored;

    /** Why a line is asked for a subject. */
    private enum Occasion {
        DECLARED,
        /** It was declared on an earlier line, or the hub has taken it back since. */
        RESTORED
    }

    Handlers(SessionTerms terms, Gaps gaps) {
        this.terms = terms;
        this.gaps = gaps;
        desired = new DesiredWatch(terms);
    }

    /** As {@link io.upstream.UpstreamSession#onMessage}. */
    void onMessage(MessageHandler handler, CompletableFuture<Void> outcome) {
        MessageHandler counted = terms.watch().countingMessages(handler);
        declare(Subject.MESSAGES, (on, asked) -> on.onMessage(counted, asked), outcome);
    }

    /** As {@link io.upstream.UpstreamSession#onDesiredChange}. */
    void onDesiredChange(Consumer<DesiredChange> handler, CompletableFuture<Void> outcome) {
        desired.handler(terms.watch().countingChanges(handler));
        declare(Subject.DESIRED_CHANGES, (on, asked) -> on.onDesiredChange(desired::changed, asked), outcome);
    }

    /** As {@link io.upstream.UpstreamSession#onMethod}. */
    void onMethod(MethodHandler handler, CompletableFuture<Void> outcome) {
        MethodHandler counted = terms.watch().countingCalls(handler);
        declare(Subject.METHODS, (on, asked) -> on.onMethod(counted, asked), outcome);
    }

    /** On the session's callbacks: the application has read the twin. */
    void hasRead(Twin twin) {
        desired.hasRead(twin);
    }

    private void declare(
            Subject subject, BiConsumer<Line, CompletableFuture<Void>> request, CompletableFuture<Void> outcome) {
        Declaration declaration =
                declared.computeIfAbsent(subject, unused -> new Declaration(subject, newBackoff(), request));
        declaration.replace(request);
        declaration.waiting().add(outcome);
        expireLater(declaration, outcome);
        if (line != null) {
            request(line, declaration, declaration.hasGap() ? Occasion.RESTORED : Occasion.DECLARED);
        }
    }

    /** A link that is lost alone comes back even where a connection does not: whoever receives on it is told nothing otherwise. */
    private Backoff newBackoff() {
        Reconnect policy = terms.options().reconnect();
        return new Backoff(
                policy.isNever() ? Reconnect.DEFAULT : policy,
                () -> terms.loop().ticker().nanoTime(),
                () -> ThreadLocalRandom.current().nextLong());
    }

    private void expireLater(Declaration declaration, CompletableFuture<Void> outcome) {
        Duration limit = terms.options().operationTimeout();
        Future<?> alarm = terms.loop()
                .schedule(
                        () -> {
                            if (declaration.waiting().removeIf(each -> each == outcome)) {
                                fail(outcome, late(declaration.subject(), limit));
                            }
                        },
                        limit.plus(GRACE).toNanos(),
                        TimeUnit.NANOSECONDS);
        outcome.whenComplete((done, error) -> alarm.cancel(false));
    }

    private static UpstreamException late(Subject subject, Duration limit) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                Where.here("session"),
                "the hub did not confirm the subscription to " + subject.text() + " within " + Failures.seconds(limit)
                        + ": the handler stays declared and is of use when the session is connected again");
    }

    private void request(Line on, Declaration declaration, Occasion occasion) {
        CompletableFuture<Void> asked = new CompletableFuture<>();
        int losses = declaration.losses();
        // in a turn of its own: when the line is over everything on it fails first, and then it is down
        asked.whenComplete((done, error) -> onLoop(() -> {
            if (line != on) {
                return; // the next line is asked, or has been
            }
            if (error == null) {
                succeedWaiting(declaration);
            }
            if (declaration.losses() == losses) { // else what came of it is lost already
                answered(on, declaration, occasion, error);
            }
        }));
        declaration.ask(on, asked);
    }

    private void answered(Line on, Declaration declaration, Occasion occasion, @Nullable Throwable error) {
        if (error == null) {
            declaration.confirmed();
            endGapOnceRestored();
            tellIfRestored();
            if (occasion == Occasion.RESTORED && declaration.subject() == Subject.DESIRED_CHANGES) {
                catchingUp = new CurrentLine(on);
                desired.catchUp(catchingUp);
            }
        } else if (declaration.isNew()) {
            declared.remove(declaration.subject());
            failWaiting(declaration, error);
        } else {
            failWaiting(declaration, error);
            refused(on, declaration, Failures.translate(error, Where.here("session")));
        }
    }

    private void refused(Line on, Declaration declaration, UpstreamException cause) {
        if (declaration.isToBeAsked()) {
            return; // that was another one of several requests
        }
        if (declaration.isRefusedForGood(cause.kind())) {
            on.giveUp(cause);
        } else {
            askLater(on, declaration, cause);
        }
    }

    private void askLater(Line on, Declaration declaration, UpstreamException cause) {
        Duration pause = declaration.pause(cause.kind());
        log.warn(
                "{} do not come to {}, next try in {} ms: {}",
                declaration.subject().text(),
                terms.identity(),
                pause.toMillis(),
                cause.getMessage());
        declaration.cancelNext();
        declaration.askedBy(
                terms.loop().schedule(() -> againOn(on, declaration), pause.toNanos(), TimeUnit.NANOSECONDS));
    }

    private void againOn(Line on, Declaration declaration) {
        declaration.cancelNext();
        if (line == on && declared.containsValue(declaration)) {
            request(on, declaration, Occasion.RESTORED);
        }
    }

    /** The hub has taken back what it had confirmed on the line: it is asked for again, and what was missed meanwhile is made up for. */
    void lost(Subject subject, UpstreamException cause) {
        Declaration declaration = declared.get(subject);
        if (line != null && declaration != null) {
            declaration.lost();
            gaps.begin(cause);
            if (subject == Subject.DESIRED_CHANGES) {
                gap();
            }
            askLater(line, declaration, cause);
        }
    }

    private void gap() {
        catchingUp = null;
        desired.gap();
        terms.watch().gap(Subject.DESIRED_CHANGES.text());
    }

    private void onLoop(Runnable task) {
        try {
            terms.loop().execute(task);
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed");
        }
    }

    private void endGapOnceRestored() {
        if (!hasGaps()) {
            gaps.end();
        }
    }

    /** Whether an earlier line had anything that the present one has not, or not yet. */
    boolean hasGaps() {
        return declared.values().stream().anyMatch(Declaration::hasGap);
    }

    /** Whether a new line will have anything to make up for. */
    boolean isEmpty() {
        return declared.values().stream().allMatch(Declaration::isNew);
    }

    private void tellIfRestored() {
        Runnable due = restored;
        if (due != null && line != null && !hasGaps()) {
            restored = null;
            due.run();
        }
    }

    /**
     * There is a line: everything is declared again on it.
     *
     * @param whenRestored runs as soon as the hub has confirmed all that it had on an earlier line, if the line lasts so long
     */
    void up(Line fresh, Runnable whenRestored) {
        line = fresh;
        restored = whenRestored;
        if (declared.containsKey(Subject.DESIRED_CHANGES)) {
            gap();
        }
        for (Declaration declaration : List.copyOf(declared.values())) {
            declaration.moved();
            request(fresh, declaration, Occasion.RESTORED);
        }
        endGapOnceRestored();
        tellIfRestored();
    }

    /**
     * There is none any more.
     *
     * @param cause null if it is to be replaced, as planned
     */
    void down(@Nullable UpstreamException cause) {
        line = null;
        gaps.begin(cause);
        restored = null;
    }

    /** There will be none any more. */
    void end(UpstreamException cause) {
        line = null;
        declared.values().forEach(declaration -> {
            declaration.cancelNext();
            failWaiting(declaration, cause);
        });
        declared.clear();
    }

    private void succeedWaiting(Declaration declaration) {
        declaration.waiting().forEach(each -> terms.callbacks().run(() -> each.complete(null)));
        declaration.waiting().clear();
    }

    private void failWaiting(Declaration declaration, Throwable cause) {
        declaration.waiting().forEach(each -> fail(each, cause));
        declaration.waiting().clear();
    }

    private void fail(CompletableFuture<Void> outcome, Throwable cause) {
        terms.callbacks().run(() -> outcome.completeExceptionally(cause));
    }

    /** A line for as long as it is the session's, and changes come on it as they did when the twin was first read. */
    final class CurrentLine {
        private final Line on;

        private CurrentLine(Line on) {
            this.on = on;
        }

        /** Any thread: reads the twin, unless the line is over by then. */
        void twin(CompletableFuture<Twin> outcome) {
            onLoop(() -> {
                if (line == on && catchingUp == this) {
                    on.twin(outcome);
                }
            });
        }

        /** Any thread: as above, after a pause. */
        void twinLater(CompletableFuture<Twin> outcome) {
            onLoop(() -> terms.loop().schedule(() -> twin(outcome), AGAIN_MILLIS, TimeUnit.MILLISECONDS));
        }
    }
}
