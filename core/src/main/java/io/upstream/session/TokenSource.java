// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.TokenRequest;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where one identity's tokens come from, the same for all protocols: signed here, made by the application, or ready. Never on the event
 * loop: signing costs time, and on some machines it waits for a chip. Thread-safe.
 */
public final class TokenSource {
    /** The layer that failures here are blamed on. */
    static final String STAGE = "token";

    /** Tokens that seem to last no longer than this, so many in a row, are less likely than a clock that is wrong. */
    private static final Duration SHORT = Duration.ofSeconds(10);

    private static final int MOST_SHORT_ONES = 10;

    private static final Logger log = LoggerFactory.getLogger(TokenSource.class);

    private final Credentials credentials;
    private final TokenRequest request;
    private final Executor blocking;
    private final TokenCalls calls;
    private final WallClock wall;
    private final AtomicInteger shortOnes = new AtomicInteger();

    /**
     * For one identity; asks for nothing yet.
     *
     * @throws IllegalArgumentException if the identity does not prove itself by tokens, see {@link #serves}
     */
    public TokenSource(Credentials credentials, String hubHost, Identity identity, UpstreamRuntime runtime) {
        this(
                credentials,
                new TokenRequest(hubHost, identity),
                runtime.blocking(),
                TokenCalls.on(runtime),
                WallClock.of(runtime));
    }

    /** As above, with tokens that are made and providers that are called where {@code blocking} says. */
    public TokenSource(
            Credentials credentials, String hubHost, Identity identity, UpstreamRuntime runtime, Executor blocking) {
        this(
                credentials,
                new TokenRequest(hubHost, identity),
                blocking,
                new TokenCalls(runtime, blocking, TokenCalls.LIMIT),
                WallClock.of(runtime));
    }

    private TokenSource(
            Credentials credentials, TokenRequest request, Executor blocking, TokenCalls calls, WallClock wall) {
        if (!serves(credentials)) {
            throw new IllegalArgumentException("these credentials have no token");
        }
        this.credentials = credentials;
        this.request = request;
        this.blocking = blocking;
        this.calls = calls;
        this.wall = wall;
    }

    /** Whether the identity proves itself by tokens at all. */
    public static boolean serves(Credentials credentials) {
        return credentials instanceof SasKey
                || credentials instanceof SasToken
                || credentials instanceof SasTokenProvider;
    }

    /** Whether a later token lasts longer than an earlier one. */
    public boolean canRenew() {
        return !(credentials instanceof SasToken);
    }

    /** Whether somebody else makes the tokens, who may give one that is no newer than the one before. */
    public boolean mayBeStale() {
        return credentials instanceof SasTokenProvider;
    }

    /**
     * A token to present now; completes on any thread, or fails with an {@link UpstreamException}.
     *
     * @param nanoTime the monotonic clock of whoever asks; any thread
     */
    public CompletionStage<TokenLease> next(LongSupplier nanoTime) {
        if (credentials instanceof SasToken token) {
            return CompletableFuture.completedFuture(given(token, nanoTime.getAsLong()));
        } else if (credentials instanceof SasTokenProvider provider) {
            return calls.ask(provider, request).thenApply(token -> given(token, nanoTime.getAsLong()));
        }
        SasKey key = (SasKey) credentials;
        try {
            return CompletableFuture.supplyAsync(() -> signed(key, nanoTime.getAsLong()), blocking);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(noThread(blocking, e));
        }
    }

    private TokenLease signed(SasKey key, long nanoTime) {
        Instant now = wall.now();
        SasToken token = key.sign(request.hubHost(), request.identity(), now);
        return TokenLease.lasting(token, left(token, now), nanoTime);
    }

    /**
     * The maker's clock and this one may differ, and the hub goes by its own: a token that seems to have ended here is presented all the same,
     * and not replaced at once.
     */
    private TokenLease given(SasToken token, long nanoTime) {
        if (TokenLease.expiry(token).isEmpty()) {
            return new TokenLease(token, OptionalLong.empty());
        }
        Duration left = left(token, wall.now());
        int shorts = shortOnes.updateAndGet(before -> left.compareTo(SHORT) > 0 ? 0 : before + 1);
        if (left.compareTo(Duration.ZERO) > 0 && shorts <= MOST_SHORT_ONES) {
            return TokenLease.lasting(token, left, nanoTime);
        }
        log.warn(
                "the token given for '{}' ends {} s from now by this machine's clock: what makes it must make a fresh one each time,"
                        + " or the clock is wrong",
                request.identity(),
                left.toSeconds());
        return TokenLease.lasting(token, TokenLease.ASSUMED, nanoTime);
    }

    private static Duration left(SasToken token, Instant now) {
        return Duration.between(
                now, Instant.ofEpochSecond(TokenLease.expiry(token).orElseThrow()));
    }

    static UpstreamException noThread(Executor from, RejectedExecutionException cause) {
        if (from instanceof ExecutorService pool && pool.isShutdown()) {
            return Failures.runtimeClosed(STAGE, cause);
        }
        return UpstreamException.of(
                FailureKind.INTERNAL,
                Where.here(STAGE),
                "too many tokens wait to be made at once: open fewer sessions at a time",
                cause);
    }
}
