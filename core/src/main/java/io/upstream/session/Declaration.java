// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** One subject, as the application declared it last: who waits for the hub's word on it, and how it stands. Confined to the event loop. */
final class Declaration {
    /** So many refusals in a row of what the hub has taken back are for good. */
    static final int MOST_REFUSALS = 10;

    private final Subject subject;
    private final Backoff backoff;
    private final List<CompletableFuture<Void>> waiting = new ArrayList<>(1);
    private BiConsumer<Line, CompletableFuture<Void>> request;
    private Standing standing = Standing.NEW;
    private int losses;
    private int refusals;
    private @Nullable Future<?> next;

    private enum Standing {
        /** The hub has not confirmed it yet, on no line. */
        NEW,
        /** It did on an earlier line. */
        EARLIER,
        CONFIRMED,
        /** The hub has taken it back, and the line goes on. */
        LOST
    }

    Declaration(Subject subject, Backoff backoff, BiConsumer<Line, CompletableFuture<Void>> request) {
        this.subject = subject;
        this.backoff = backoff;
        this.request = request;
    }

    Subject subject() {
        return subject;
    }

    List<CompletableFuture<Void>> waiting() {
        return waiting;
    }

    /** Has another handler from now on. */
    void replace(BiConsumer<Line, CompletableFuture<Void>> next) {
        request = next;
    }

    /** Asks for it on {@code line}. */
    void ask(Line line, CompletableFuture<Void> asked) {
        request.accept(line, asked);
    }

    /** Whether no line ever had it. */
    boolean isNew() {
        return standing == Standing.NEW;
    }

    /** Whether something may have come while nobody was told. */
    boolean hasGap() {
        return standing == Standing.EARLIER || standing == Standing.LOST;
    }

    /** How often it was lost on the present line: an answer to what was asked before a loss says nothing. */
    int losses() {
        return losses;
    }

    /** There is another line. */
    void moved() {
        cancelNext();
        losses = 0;
        refusals = 0;
        if (standing != Standing.NEW) {
            standing = Standing.EARLIER;
        }
    }

    void confirmed() {
        standing = Standing.CONFIRMED;
        refusals = 0;
        backoff.succeeded();
    }

    /** The hub has taken it back. */
    void lost() {
        standing = Standing.LOST;
        losses++;
    }

    /** The hub has refused it; tells whether there is no hope of having it back on this line. What a line never had does not end it. */
    boolean isRefusedForGood(FailureKind kind) {
        return standing == Standing.LOST && (!kind.isTransient() || ++refusals >= MOST_REFUSALS);
    }

    /** How long to wait after a refusal or a loss. */
    Duration pause(FailureKind kind) {
        return backoff.pauseAfter(kind);
    }

    /** Whether it is going to be asked for anyway. */
    boolean isToBeAsked() {
        return next != null;
    }

    /** It will be asked for by {@code timer}. */
    void askedBy(Future<?> timer) {
        next = timer;
    }

    /** It is not any more, or it is being asked for now. */
    void cancelNext() {
        if (next != null) {
            next.cancel(false);
            next = null;
        }
    }
}
