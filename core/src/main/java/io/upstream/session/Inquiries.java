// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Questions to the hub that it answers by their id: twin requests. At most {@link #MAX_OPEN} at a time; each is answered within its limit,
 * on the callback executor. Confined to the event loop.
 *
 * @param <A> what an answer is
 */
public final class Inquiries<A> {
    /** Beyond, the hub throttles anyway. */
    public static final int MAX_OPEN = 256;

    private final EventLoop loop;
    private final Callbacks callbacks;
    private final Duration limit;
    private final Where where;
    private final Map<String, Open<A>> open = new HashMap<>();

    /** A late answer to an earlier connection of the same identity does not carry it. */
    private final String prefix =
            Integer.toHexString(ThreadLocalRandom.current().nextInt()) + "-";

    private long asked;

    private record Open<A>(String what, CompletableFuture<A> outcome, Future<?> alarm) {}

    /**
     * Nothing is open yet.
     *
     * @param limit how long an answer may take
     */
    public Inquiries(EventLoop loop, Callbacks callbacks, Duration limit, Where where) {
        this.loop = loop;
        this.callbacks = callbacks;
        this.limit = limit;
        this.where = where;
    }

    /**
     * Opens a question.
     *
     * @param what for the error when there is no answer, as in "the request for the twin"
     * @param outcome gets the answer
     * @param write sends the question with the id that it is given, which is fit for a URL
     */
    public void ask(String what, CompletableFuture<A> outcome, Consumer<String> write) {
        if (open.size() >= MAX_OPEN) {
            tell(
                    outcome,
                    null,
                    UpstreamException.of(
                            FailureKind.OUTBOX_FULL,
                            Where.here(where.stage()),
                            MAX_OPEN + " requests wait for answers of " + where.hop() + ": wait for some of them"));
            return;
        }
        String id = prefix + Long.toHexString(asked++);
        Future<?> alarm = loop.schedule(() -> expire(id), limit.toNanos(), TimeUnit.NANOSECONDS);
        open.put(id, new Open<>(what, outcome, alarm));
        write.accept(id);
    }

    /** Whether somebody still waits for the answer. */
    public boolean isOpen(String id) {
        return open.containsKey(id);
    }

    /** Whether nobody waits for any answer. */
    public boolean isIdle() {
        return open.isEmpty();
    }

    /** The hub's answer; without effect if nobody waits for it any more. */
    public void answer(String id, A answer) {
        close(id, answer, null);
    }

    /** The hub's refusal, likewise. */
    public void refuse(String id, UpstreamException cause) {
        close(id, null, cause);
    }

    /** Fails all that are open. */
    public void end(UpstreamException cause) {
        new ArrayList<>(open.keySet()).forEach(id -> close(id, null, cause));
    }

    private void expire(String id) {
        Open<A> late = open.get(id);
        if (late != null) {
            close(
                    id,
                    null,
                    UpstreamException.of(
                            FailureKind.TIMEOUT,
                            where,
                            where.hop() + " did not answer " + late.what() + " within " + Failures.seconds(limit)
                                    + ": try again, or check the connection"));
        }
    }

    private void close(String id, @Nullable A answer, @Nullable UpstreamException cause) {
        Open<A> closed = open.remove(id);
        if (closed != null) {
            closed.alarm().cancel(false);
            tell(closed.outcome(), answer, cause);
        }
    }

    private void tell(CompletableFuture<A> outcome, @Nullable A answer, @Nullable UpstreamException cause) {
        callbacks.run(() -> {
            if (answer != null) {
                outcome.complete(answer);
            } else if (cause != null) {
                outcome.completeExceptionally(cause);
            }
        });
    }
}
