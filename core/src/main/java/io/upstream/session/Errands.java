// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done on the line: at once, or when there is one again. Bounded, and each has a deadline. Confined to the event loop.
 */
final class Errands {
    /** As many as one line takes at a time. */
    static final int MAX_WAITING = Inquiries.MAX_OPEN;

    private final SessionTerms terms;
    private final Queue<Errand> waiting = new ArrayDeque<>(1);
    private @Nullable Line line;

    private record Errand(CompletableFuture<?> outcome, Consumer<Line> task) {}

    Errands(SessionTerms terms) {
        this.terms = terms;
    }

    /**
     * Runs {@code task} on the line.
     *
     * @param what for the error when there is no line in time, as in "the request for the twin"
     * @param outcome what the task completes; is failed here if the task does not run
     */
    void run(String what, CompletableFuture<?> outcome, Consumer<Line> task) {
        if (line != null) {
            task.accept(line);
        } else if (waiting.size() >= MAX_WAITING) {
            fail(
                    outcome,
                    UpstreamException.of(
                            FailureKind.OUTBOX_FULL,
                            Where.here("session"),
                            MAX_WAITING + " requests wait for a connection: wait for some of them"));
        } else {
            waiting.add(new Errand(outcome, task));
            expireLater(what, outcome);
        }
    }

    /** Also counts after the task has begun: the limit is for both together. */
    private void expireLater(String what, CompletableFuture<?> outcome) {
        Duration limit = terms.options().operationTimeout();
        Future<?> alarm = terms.loop()
                .schedule(
                        () -> {
                            waiting.removeIf(errand -> errand.outcome == outcome);
                            fail(outcome, late(what, limit));
                        },
                        limit.toNanos(),
                        TimeUnit.NANOSECONDS);
        outcome.whenComplete((done, error) -> alarm.cancel(false));
    }

    private static UpstreamException late(String what, Duration limit) {
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                Where.here("session"),
                "there was no connection on which " + what + " could be answered within " + Failures.seconds(limit)
                        + ": the session's status tells why");
    }

    /** There is a line. */
    void up(Line fresh) {
        line = fresh;
        List<Errand> all = new ArrayList<>(waiting);
        waiting.clear();
        for (Errand errand : all) {
            if (!errand.outcome.isDone()) {
                run("", errand.outcome, errand.task);
            }
        }
    }

    /** There is none any more. */
    void down() {
        line = null;
    }

    /** There will be none any more. */
    void end(UpstreamException cause) {
        line = null;
        waiting.forEach(errand -> fail(errand.outcome, cause));
        waiting.clear();
    }

    private void fail(CompletableFuture<?> outcome, UpstreamException cause) {
        terms.callbacks().run(() -> outcome.completeExceptionally(cause));
    }
}
