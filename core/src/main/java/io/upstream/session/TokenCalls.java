// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoopGroup;
import io.upstream.FailureKind;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.TokenRequest;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.Failures;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The calls of the application's token providers that are under way on one runtime: at most one for each provider and identity, with a
 * limit of time. Thread-safe; calls nobody while it holds its monitor.
 */
final class TokenCalls {
    static final Duration LIMIT = Duration.ofSeconds(30);

    private final UpstreamRuntime runtime;
    private final Executor caller;
    private final Duration limit;
    private final Map<Key, Call> underWay = new HashMap<>();

    /**
     * Asks nobody yet.
     *
     * @param caller where providers are called
     * @param limit for each answer
     */
    TokenCalls(UpstreamRuntime runtime, Executor caller, Duration limit) {
        this.runtime = runtime;
        this.caller = caller;
        this.limit = limit;
    }

    static TokenCalls on(UpstreamRuntime runtime) {
        return runtime.shared(TokenCalls.class, () -> new TokenCalls(runtime, runtime.blocking(), LIMIT));
    }

    /** Two providers are one only if they are the same object, whatever they say themselves. */
    private record Key(SasTokenProvider provider, TokenRequest request) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && key.provider == provider && key.request.equals(request);
        }

        @Override
        public int hashCode() {
            return 31 * System.identityHashCode(provider) + request.hashCode();
        }
    }

    /** Joins the call that is under way, or makes one. */
    CompletionStage<SasToken> ask(SasTokenProvider provider, TokenRequest request) {
        Key key = new Key(provider, request);
        Call call;
        synchronized (underWay) {
            Call present = underWay.get(key);
            if (present != null) {
                return present.answer.minimalCompletionStage();
            }
            call = new Call(key);
            underWay.put(key, call);
        }
        call.start();
        return call.answer.minimalCompletionStage();
    }

    /**
     * One call. It is over when the provider has answered, or the limit has passed and the provider has returned: as long as it keeps the
     * thread it is not called again, and whoever asks is told at once.
     */
    private final class Call {
        private final Key key;
        private final CompletableFuture<SasToken> answer = new CompletableFuture<>();
        private State state = State.CALLED;

        private enum State {
            CALLED,
            /** The provider has given back the thread. */
            RETURNED,
            /** The limit has passed, and the provider still has the thread. */
            STUCK,
            OVER
        }

        private Call(Key key) {
            this.key = key;
        }

        private void start() {
            try {
                Future<?> alarm = runtime.unwrap(EventLoopGroup.class)
                        .next()
                        .schedule(() -> fail(late()), limit.toNanos(), TimeUnit.NANOSECONDS);
                answer.whenComplete((token, error) -> alarm.cancel(false));
                caller.execute(this::run);
            } catch (RejectedExecutionException e) {
                hasReturned();
                fail(TokenSource.noThread(caller, e));
            }
        }

        private void run() {
            CompletionStage<SasToken> stage;
            try {
                stage = key.provider.token(key.request);
            } catch (Throwable e) { // else it would count as stuck, and nobody be asked any more
                stage = CompletableFuture.failedFuture(e);
            }
            hasReturned();
            if (stage == null) {
                fail(none());
                return;
            }
            stage.whenComplete((token, error) -> {
                if (error != null) {
                    fail(failed(unwrapped(error)));
                } else if (token == null) {
                    fail(none());
                } else {
                    succeed(token);
                }
            });
        }

        private void hasReturned() {
            synchronized (underWay) {
                if (state == State.CALLED) {
                    state = State.RETURNED;
                } else if (state == State.STUCK) {
                    moveToOver();
                }
            }
        }

        private void succeed(SasToken token) {
            settle();
            answer.complete(token);
        }

        private void fail(UpstreamException reason) {
            settle();
            answer.completeExceptionally(reason);
        }

        /** Before the answer is told, so that whoever asks because of it makes a new call. */
        private void settle() {
            synchronized (underWay) {
                if (state == State.CALLED) {
                    state = State.STUCK;
                } else if (state == State.RETURNED) {
                    moveToOver();
                }
            }
        }

        private void moveToOver() {
            state = State.OVER;
            underWay.remove(key, this);
        }

        private UpstreamException late() {
            return failure(
                    FailureKind.TIMEOUT,
                    "did not answer within " + Failures.seconds(limit) + ": look at what it waits for",
                    null);
        }

        private UpstreamException none() {
            return failure(
                    FailureKind.INTERNAL,
                    "gave nothing: it must give a stage that completes with a token or fails",
                    null);
        }

        private UpstreamException failed(Throwable error) {
            if (error instanceof UpstreamException known
                    && known.kind() != FailureKind.CLOSED) { // that would be this session's end
                return known;
            } else if (error instanceof TimeoutException) {
                return failure(
                        FailureKind.TIMEOUT, "ran into a time limit of its own: look at what it waits for", error);
            } else if (error instanceof IOException) {
                return failure(
                        FailureKind.SERVER_ERROR,
                        "could not reach what makes it (" + error.getClass().getName()
                                + ", see the cause): try again later",
                        error);
            }
            return failure(
                    FailureKind.INTERNAL,
                    "failed (" + error.getClass().getName() + ", see the cause): correct it",
                    error);
        }

        /** Without the text of the cause, in which a secret might be. */
        private UpstreamException failure(FailureKind kind, String what, @Nullable Throwable cause) {
            return UpstreamException.of(
                    kind,
                    Where.here(TokenSource.STAGE),
                    "the provider of the token for '" + key.request.identity() + "' " + what,
                    cause);
        }
    }

    private static Throwable unwrapped(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    }
}
