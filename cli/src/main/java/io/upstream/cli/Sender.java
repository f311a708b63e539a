// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.MessageException;
import io.upstream.QuotaExceededException;
import io.upstream.Telemetry;
import io.upstream.ThrottledException;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamSession;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * Sends one message after the other with a bounded number unacknowledged, and keeps count. One thread calls {@link #send}, {@link #skip} and
 * {@link #finish}; the rest is for any thread.
 */
final class Sender {
    /** Payload bytes that may be unacknowledged at once, whatever the window: a bound on memory. */
    static final int WINDOW_BYTES = 16 << 20;

    private static final long LONGEST_MICROS = TimeUnit.HOURS.toMicros(1);

    private final UpstreamSession session;
    private final Rejections rejections;
    private final Semaphore room;
    private final Semaphore roomBytes = new Semaphore(WINDOW_BYTES);
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private final Histogram micros = new Histogram(LONGEST_MICROS, 3);
    private long sent;
    private long acked;
    private long rejected;
    private boolean finished;
    private long firstNanos;
    private long lastNanos;

    /** Is told of each message that cannot be delivered while others can; on the session's callback thread or the sender's. */
    @FunctionalInterface
    interface Rejections {
        void rejected(long number, UpstreamException cause);
    }

    Sender(UpstreamSession session, int window, Rejections rejections) {
        this.session = session;
        this.room = new Semaphore(window);
        this.rejections = rejections;
    }

    /**
     * Waits for room in the window, then sends; the session answers within its operation timeout, so that the wait ends.
     *
     * @throws InterruptedException also when {@link #done} has failed: the message was neither sent nor counted
     */
    void send(long number, Telemetry telemetry) throws InterruptedException {
        int bytes = Math.min(telemetry.size(), WINDOW_BYTES);
        room.acquire();
        roomBytes.acquire(bytes);
        if (done.isCompletedExceptionally()) {
            throw new InterruptedException("the session cannot deliver any more");
        }
        long start = count();
        session.send(telemetry).whenComplete((ok, error) -> {
            settled(number, start, error);
            roomBytes.release(bytes);
            room.release();
        });
    }

    /** Counts a message that is not even tried. */
    void skip(long number, UpstreamException cause) {
        count();
        settled(number, System.nanoTime(), cause);
    }

    /** Says that there are no more messages. */
    void finish() {
        synchronized (this) {
            finished = true;
        }
        completeIfOver();
    }

    /** Completes when all messages have been answered, or fails when the session cannot deliver any more. */
    CompletableFuture<Void> done() {
        return done.copy();
    }

    synchronized Tally tally() {
        double seconds = sent == 0 ? 0 : (lastNanos - firstNanos) / 1e9;
        return new Tally(sent, acked, seconds, micros.getValueAtPercentile(50), micros.getValueAtPercentile(99));
    }

    private synchronized long count() {
        long now = System.nanoTime();
        if (sent++ == 0) {
            firstNanos = now;
        }
        return now;
    }

    private void settled(long number, long start, @Nullable Throwable error) {
        if (error == null) {
            acknowledged(start);
        } else {
            UpstreamException cause = unwrap(error);
            if (!isOfThisMessageAlone(cause)) {
                done.completeExceptionally(cause);
                return;
            }
            rejections.rejected(number, cause);
            synchronized (this) {
                rejected++;
                lastNanos = System.nanoTime();
            }
        }
        completeIfOver();
    }

    private synchronized void acknowledged(long start) {
        acked++;
        lastNanos = System.nanoTime();
        micros.recordValue(Math.min(LONGEST_MICROS, TimeUnit.NANOSECONDS.toMicros(lastNanos - start)));
    }

    private void completeIfOver() {
        boolean over;
        synchronized (this) {
            over = finished && acked + rejected == sent;
        }
        if (over) {
            done.complete(null);
        }
    }

    private static boolean isOfThisMessageAlone(UpstreamException cause) {
        return cause instanceof MessageException
                || cause instanceof ThrottledException
                || cause instanceof QuotaExceededException;
    }

    private static UpstreamException unwrap(Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        return cause instanceof UpstreamException known
                ? known
                : UpstreamException.of(FailureKind.INTERNAL, Where.here("send"), "unexpected: " + cause, cause);
    }
}
