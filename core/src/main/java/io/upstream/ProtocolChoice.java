// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tries one protocol after the other and remembers for an hour what worked in place of the first; then the next one to open a session
 * begins with the first again, and sessions that are open stay as they are. A failure that another protocol would meet as well (a wrong
 * key, an unknown device, a closed transport) ends the search.
 */
final class ProtocolChoice implements UpstreamTransport {
    /** Long enough not to ask a proxy again and again for what it refuses, short enough to notice that somebody has changed it. */
    static final Duration MEMORY = Duration.ofHours(1);

    private static final Logger log = LoggerFactory.getLogger(ProtocolChoice.class);

    private final List<UpstreamTransport> candidates;
    private final Duration closeTimeout;
    private final UpstreamRuntime runtime;
    private final boolean ownsRuntime;
    private final AtomicReference<@Nullable CompletableFuture<Void>> closed = new AtomicReference<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private final LongSupplier nanoTime;
    private Favourite favourite = new Favourite(0, 0);

    /**
     * The one to try first.
     *
     * @param until when the first of all is to be tried again
     */
    private record Favourite(int index, long until) {}

    /** @param nanoTime a monotonic clock */
    ProtocolChoice(
            List<UpstreamTransport> candidates,
            Duration closeTimeout,
            UpstreamRuntime runtime,
            boolean ownsRuntime,
            LongSupplier nanoTime) {
        this.candidates = candidates;
        this.closeTimeout = closeTimeout;
        this.runtime = runtime;
        this.ownsRuntime = ownsRuntime;
        this.nanoTime = nanoTime;
    }

    @Override
    public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
        CompletableFuture<UpstreamSession> outcome = new CompletableFuture<>();
        tryNext(identity, credentials, outcome, firstToTry(), 0).whenComplete((session, error) -> {
            if (error != null) {
                outcome.completeExceptionally(unwrapped(error));
            } else if (!outcome.complete(session)) {
                session.close(Duration.ZERO); // the application has cancelled, nobody else knows of it
            }
        });
        return outcome;
    }

    private CompletionStage<UpstreamSession> tryNext(
            Identity who, Credentials credentials, CompletableFuture<UpstreamSession> wanted, int first, int tried) {
        int index = (first + tried) % candidates.size();
        return candidates
                .get(index)
                .open(who, credentials)
                .handle((session, error) -> {
                    if (error == null) {
                        worked(index, tried, session);
                        return CompletableFuture.completedStage(session);
                    }
                    Throwable cause = unwrapped(error);
                    if (tried + 1 == candidates.size() || wanted.isDone() || !anotherMayWork(cause)) {
                        return CompletableFuture.<UpstreamSession>failedStage(cause);
                    }
                    return tryNext(who, credentials, wanted, first, tried + 1).exceptionallyCompose(last -> {
                        unwrapped(last).addSuppressed(cause);
                        return CompletableFuture.failedStage(unwrapped(last));
                    });
                })
                .thenCompose(stage -> stage);
    }

    /** When it is time to look whether the first works again, one does; those who come meanwhile go on with what works. */
    private synchronized int firstToTry() {
        int index = favourite.index();
        if (index == 0 || nanoTime.getAsLong() - favourite.until() < 0) {
            return index;
        }
        favourite = rememberedFromNow(index);
        return 0;
    }

    private synchronized void worked(int index, int tried, UpstreamSession session) {
        if (tried == 0 && index != 0) {
            return; // it was the favourite already
        }
        int before = favourite.index();
        favourite = rememberedFromNow(index);
        if (before != index) {
            log.info(
                    "{} gets through, it is tried first from now on",
                    session.protocol().wireName());
        }
    }

    @Override
    public void networkChanged() {
        synchronized (this) {
            favourite =
                    new Favourite(favourite.index(), nanoTime.getAsLong()); // the first may work where the host is now
        }
        candidates.forEach(UpstreamTransport::networkChanged);
    }

    private Favourite rememberedFromNow(int index) {
        return new Favourite(index, nanoTime.getAsLong() + MEMORY.toNanos());
    }

    static boolean anotherMayWork(Throwable cause) {
        return cause instanceof UpstreamException failure
                && switch (failure.kind().exception()) {
                    case NETWORK, PROXY_DENIED, PROTOCOL, TRUST -> true;
                    default -> false;
                };
    }

    static Throwable unwrapped(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    }

    @Override
    public TransportStatistics statistics() {
        return candidates.stream()
                .map(UpstreamTransport::statistics)
                .reduce(new TransportStatistics(Map.of()), TransportStatistics::and);
    }

    @Override
    public CompletionStage<Void> close(Duration drain) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> earlier = closed.compareAndExchange(null, mine);
        if (earlier != null) {
            return earlier;
        }
        mine.thenRun(() -> over.complete(null));
        CompletableFuture.allOf(candidates.stream()
                        .map(candidate -> candidate.close(drain).toCompletableFuture())
                        .toArray(CompletableFuture<?>[]::new))
                .whenComplete((done, error) -> closeRuntime(mine));
        return mine;
    }

    @Override
    public CompletionStage<Void> whenClosed() {
        return over.minimalCompletionStage();
    }

    /** A thread of its own: the runtime waits for its threads, and this is called on one of them. */
    private void closeRuntime(CompletableFuture<Void> done) {
        if (!ownsRuntime) {
            done.complete(null);
            return;
        }
        Thread closer = new Thread(
                () -> {
                    runtime.close();
                    done.complete(null);
                },
                "upstream-close");
        closer.setDaemon(true);
        closer.start();
    }

    @Override
    public void close() {
        runtime.awaitClose(close(closeTimeout), closeTimeout);
    }
}
