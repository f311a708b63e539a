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
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where one identity's tokens come from, the same for all protocols: signed here, made by the application, or ready. Never on the event
 * loop: signing costs time, and on some machines it waits for a chip. Thread-safe.
 */
public final class TokenSource {
    /** The layer that failures here are blamed on. */
    static final String STAGE = "token";

    private static final Pattern EXPIRY = Pattern.compile("[ &]se=(\\d{1,15})(?:&|$)");

    private final Credentials credentials;
    private final TokenRequest request;
    private final Executor blocking;
    private final TokenCalls calls;

    /**
     * For one identity; asks for nothing yet.
     *
     * @throws IllegalArgumentException if the identity does not prove itself by tokens, see {@link #serves}
     */
    public TokenSource(Credentials credentials, String hubHost, Identity identity, UpstreamRuntime runtime) {
        this(credentials, new TokenRequest(hubHost, identity), runtime.blocking(), TokenCalls.on(runtime));
    }

    /** As above, with tokens that are made and providers that are called where {@code blocking} says. */
    public TokenSource(
            Credentials credentials, String hubHost, Identity identity, UpstreamRuntime runtime, Executor blocking) {
        this(
                credentials,
                new TokenRequest(hubHost, identity),
                blocking,
                new TokenCalls(runtime, blocking, TokenCalls.LIMIT));
    }

    private TokenSource(Credentials credentials, TokenRequest request, Executor blocking, TokenCalls calls) {
        if (!serves(credentials)) {
            throw new IllegalArgumentException("these credentials have no token");
        }
        this.credentials = credentials;
        this.request = request;
        this.blocking = blocking;
        this.calls = calls;
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

    /** A token to present now; completes on any thread, or fails with an {@link UpstreamException}. */
    public CompletionStage<SasToken> next() {
        if (credentials instanceof SasToken token) {
            return CompletableFuture.completedFuture(token);
        } else if (credentials instanceof SasTokenProvider provider) {
            return calls.ask(provider, request);
        }
        SasKey key = (SasKey) credentials;
        try {
            return CompletableFuture.supplyAsync(
                    () -> key.sign(request.hubHost(), request.identity(), Instant.now()), blocking);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(noThread(blocking, e));
        }
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

    /**
     * Whether {@code next} lasts longer than {@code former}, or it cannot be told: what is cached somewhere would else be asked for and
     * presented in ever shorter intervals.
     */
    public static boolean lastsLonger(SasToken next, SasToken former) {
        OptionalLong left = millisLeft(next);
        return !next.text().equals(former.text())
                && (left.isEmpty() || left.getAsLong() > millisLeft(former).orElse(0) - TimeUnit.SECONDS.toMillis(1));
    }

    /** In how many milliseconds from now the token ends, if it says so; may be negative. */
    public static OptionalLong millisLeft(SasToken token) {
        Matcher expiry = EXPIRY.matcher(token.text());
        return expiry.find()
                ? OptionalLong.of(
                        TimeUnit.SECONDS.toMillis(Long.parseLong(expiry.group(1))) - System.currentTimeMillis())
                : OptionalLong.empty();
    }
}
