// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.SessionStatus;
import io.upstream.UpstreamException;
import io.upstream.laboratory.Evidence.Answer;
import io.upstream.laboratory.Evidence.Attempt;
import io.upstream.laboratory.Evidence.Call;
import io.upstream.laboratory.Evidence.Outcome;
import io.upstream.laboratory.Evidence.Sent;
import io.upstream.laboratory.Evidence.Told;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Writes down what is seen of one session, with the time. Thread-safe. */
final class Journal {
    private final long begun = System.nanoTime();
    private final List<Entry> sent = new ArrayList<>();
    private final List<Told> statuses = new ArrayList<>();
    private final List<Attempt> attempts = new ArrayList<>();
    private final Map<String, Integer> arrivals = new HashMap<>();
    private final List<Call> calls = new ArrayList<>();
    private final List<Long> desired = new ArrayList<>();
    private int pending;
    private long acked;

    private static final class Entry {
        final long at;
        long doneAt = -1;
        int completions;
        Outcome outcome = Outcome.PENDING;

        @Nullable
        FailureKind failure;

        Entry(long at) {
            this.at = at;
        }
    }

    /** Milliseconds since the beginning. */
    long now() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    }

    /** Before a message is sent; gives its number. */
    synchronized long sending() {
        sent.add(new Entry(now()));
        pending++;
        return sent.size() - 1L;
    }

    /** Behind it. */
    void sent(long number, CompletionStage<Void> future) {
        future.whenComplete((nothing, error) -> done((int) number, error));
    }

    private synchronized void done(int number, @Nullable Throwable error) {
        Entry entry = sent.get(number);
        entry.completions++;
        if (entry.outcome != Outcome.PENDING) {
            return;
        }
        entry.doneAt = now();
        pending--;
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        if (cause == null) {
            entry.outcome = Outcome.ACKED;
            acked++;
        } else if (cause instanceof CancellationException) {
            entry.outcome = Outcome.CANCELLED;
        } else {
            entry.outcome = Outcome.FAILED;
            entry.failure = cause instanceof UpstreamException known ? known.kind() : FailureKind.INTERNAL;
        }
        notifyAll();
    }

    synchronized int pending() {
        return pending;
    }

    synchronized long acked() {
        return acked;
    }

    synchronized long count() {
        return sent.size();
    }

    synchronized void told(SessionStatus status) {
        UpstreamException cause = status.cause();
        statuses.add(new Told(now(), status.phase(), cause == null ? null : cause.kind()));
    }

    /** @param standing the status at present, or null if there is no session yet */
    synchronized void attempt(@Nullable SessionStatus standing) {
        attempts.add(new Attempt(now(), System.identityHashCode(standing)));
    }

    synchronized void arrived(String text) {
        arrivals.merge(text, 1, Integer::sum);
        notifyAll();
    }

    synchronized int arrivals(String text) {
        return arrivals.getOrDefault(text, 0);
    }

    synchronized void called(long at, Answer answer) {
        calls.add(new Call(at, answer));
    }

    synchronized void desired(long version) {
        desired.add(version);
        notifyAll();
    }

    synchronized long lastDesired() {
        return desired.isEmpty() ? 0 : desired.get(desired.size() - 1);
    }

    /** When the first message was acknowledged of those that were sent at {@code from} or later; -1 if none was within {@code limitMillis}. */
    long awaitAcknowledged(long from, long limitMillis) throws InterruptedException {
        await(() -> acknowledged(from) >= 0, limitMillis);
        synchronized (this) {
            return acknowledged(from);
        }
    }

    private long acknowledged(long from) {
        return sent.subList(firstSince(from), sent.size()).stream()
                .filter(each -> each.outcome == Outcome.ACKED)
                .mapToLong(each -> each.doneAt)
                .min()
                .orElse(-1);
    }

    /** The index of the first message that was sent at {@code from} or later: they lie in the order of their times. */
    private int firstSince(long from) {
        int low = 0;
        int high = sent.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (sent.get(middle).at < from) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Waits for what is told here. */
    synchronized boolean await(BooleanSupplier condition, long limitMillis) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        while (!condition.getAsBoolean()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                return false;
            }
            wait(left);
        }
        return true;
    }

    synchronized List<Sent> sent() {
        List<Sent> all = new ArrayList<>(sent.size());
        for (Entry each : sent) {
            all.add(new Sent(all.size(), each.at, each.doneAt, each.completions, each.outcome, each.failure));
        }
        return all;
    }

    synchronized List<Told> statuses() {
        return List.copyOf(statuses);
    }

    synchronized List<Attempt> attempts() {
        return List.copyOf(attempts);
    }

    synchronized List<Call> calls() {
        return List.copyOf(calls);
    }

    synchronized List<Long> desired() {
        return List.copyOf(desired);
    }
}
