// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamSession;
import java.io.IOException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One run of a feed through a session: the feed on a thread of its own, because reading standard input cannot be interrupted, and the
 * caller waiting for the end of it, of the session, or a stop.
 */
final class SendRun {
    private static final Duration STOP_DRAIN = Duration.ofSeconds(2);
    private static final long QUIET_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long PROGRESS_MILLIS = 500;

    private final Console console;
    private final StopSignal stop;
    private final Sender sender;
    private final CompletableFuture<Void> feeding = new CompletableFuture<>();

    SendRun(UpstreamSession session, int window, Console console, StopSignal stop, Sender.Rejections rejections) {
        this.console = console;
        this.stop = stop;
        this.sender = new Sender(session, window, rejections);
        session.onStatus(status -> {
            UpstreamException cause = status.cause();
            if (status.phase() == Phase.CLOSED
                    && cause != null) { // whatever else happens to it, the session comes back
                feeding.completeExceptionally(cause);
            }
        });
    }

    /**
     * How a run ended.
     *
     * @param cause why before its time, or null
     * @param stopped whether by request
     */
    record Ending(Tally tally, @Nullable UpstreamException cause, boolean stopped) {}

    /** Blocks until it is over. */
    Ending run(Feed feed) throws InterruptedException {
        Thread feeder = new Thread(() -> feed(feed), "upstream-feed");
        feeder.setDaemon(true);
        feeder.start();
        try {
            CompletableFuture<Void> over = feeding.thenCompose(fed -> sender.done());
            CompletableFuture<Void> lost = sender.done();
            await(CompletableFuture.anyOf(over, failureOf(lost), stop.requested()));
            if (!over.isDone() && !lost.isCompletedExceptionally()) {
                return stopped(feeder);
            }
            return new Ending(sender.tally(), causeOf(lost.isCompletedExceptionally() ? lost : over), false);
        } finally {
            feeder.interrupt();
        }
    }

    private void feed(Feed feed) {
        try {
            feed.into(sender);
            sender.finish();
            feeding.complete(null);
        } catch (IOException e) {
            feeding.completeExceptionally(UpstreamException.of(
                    FailureKind.INTERNAL, Where.here("input"), "cannot read standard input: " + e.getMessage(), e));
        } catch (InterruptedException e) {
            sender.finish(); // the run is over: nobody waits for this thread
        } catch (RuntimeException | Error e) {
            feeding.completeExceptionally(
                    UpstreamException.of(FailureKind.INTERNAL, Where.here("input"), "unexpected: " + e, e));
        }
    }

    /** Takes no more, and gives what is under way a moment. */
    private Ending stopped(Thread feeder) throws InterruptedException {
        feeder.interrupt();
        sender.finish();
        CompletableFuture<Void> drained = sender.done();
        try {
            drained.get(STOP_DRAIN.toMillis(), TimeUnit.MILLISECONDS);
            return new Ending(sender.tally(), null, true);
        } catch (TimeoutException e) {
            return new Ending(sender.tally(), null, true);
        } catch (ExecutionException e) {
            return new Ending(sender.tally(), causeOf(drained), true);
        }
    }

    private void await(CompletableFuture<?> any) throws InterruptedException {
        long start = System.nanoTime();
        while (true) {
            try {
                any.get(PROGRESS_MILLIS, TimeUnit.MILLISECONDS);
                return;
            } catch (ExecutionException e) {
                return;
            } catch (TimeoutException e) {
                if (System.nanoTime() - start > QUIET_NANOS) {
                    showProgress(System.nanoTime() - start);
                }
            }
        }
    }

    private void showProgress(long nanos) {
        Tally tally = sender.tally();
        console.progress(String.format(
                Locale.ROOT,
                "%,d sent, %,d acknowledged, %.0f/s",
                tally.sent(),
                tally.acked(),
                tally.acked() / (nanos / 1e9)));
    }

    /** Completes only if {@code future} fails. */
    private static CompletableFuture<Void> failureOf(CompletableFuture<Void> future) {
        CompletableFuture<Void> failure = new CompletableFuture<>();
        future.whenComplete((ok, error) -> {
            if (error != null) {
                failure.complete(null);
            }
        });
        return failure;
    }

    private static @Nullable UpstreamException causeOf(CompletableFuture<Void> done) {
        Throwable error = done.handle((ok, failure) -> failure).join();
        while (error instanceof java.util.concurrent.CompletionException && error.getCause() != null) {
            error = error.getCause();
        }
        return error == null || error instanceof UpstreamException
                ? (UpstreamException) error
                : UpstreamException.of(FailureKind.INTERNAL, Where.here("send"), "unexpected: " + error, error);
    }
}
