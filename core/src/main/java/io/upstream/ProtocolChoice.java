// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Tries one protocol after the other and remembers what worked. A failure that another protocol would meet as well (a wrong key, an
 * unknown device, a closed transport) ends the search.
 */
final class ProtocolChoice implements UpstreamTransport {
    private final List<UpstreamTransport> candidates;
    private final Duration closeTimeout;
    private final UpstreamRuntime runtime;
    private final boolean ownsRuntime;
    private final AtomicReference<@Nullable CompletableFuture<Void>> closed = new AtomicReference<>();
    private volatile int winner;

    ProtocolChoice(
            List<UpstreamTransport> candidates, Duration closeTimeout, UpstreamRuntime runtime, boolean ownsRuntime) {
        this.candidates = candidates;
        this.closeTimeout = closeTimeout;
        this.runtime = runtime;
        this.ownsRuntime = ownsRuntime;
    }

    @Override
    public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
        CompletableFuture<UpstreamSession> outcome = new CompletableFuture<>();
        tryNext(identity, credentials, outcome, winner, 0).whenComplete((session, error) -> {
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
                        winner = index;
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
    public CompletionStage<Void> close(Duration drain) {
        CompletableFuture<Void> mine = new CompletableFuture<>();
        CompletableFuture<Void> earlier = closed.compareAndExchange(null, mine);
        if (earlier != null) {
            return earlier;
        }
        CompletableFuture.allOf(candidates.stream()
                        .map(candidate -> candidate.close(drain).toCompletableFuture())
                        .toArray(CompletableFuture<?>[]::new))
                .whenComplete((done, error) -> closeRuntime(mine));
        return mine;
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
