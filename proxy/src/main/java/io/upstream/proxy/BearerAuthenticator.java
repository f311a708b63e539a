// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Bearer tokens for a proxy (RFC 6750), from wherever the application gets them. Whoever reads such a token can use it, so it goes only to
 * proxies that are spoken to under TLS, unless {@link #evenInPlainText} allows more. Immutable and thread-safe; prints no token.
 */
public final class BearerAuthenticator implements ProxyAuthenticator {
    /** How long the application may take for a token. */
    public static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);

    /** RFC 6750 section 2.1: base64 with or without padding, or a few signs more. */
    private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

    private final Function<ProxyServer, CompletionStage<String>> tokens;
    private final Reach reach;
    private final Duration timeout;

    private enum Reach {
        TLS_ONLY,
        ANY_PROXY
    }

    private BearerAuthenticator(Function<ProxyServer, CompletionStage<String>> tokens, Reach reach, Duration timeout) {
        this.tokens = tokens;
        this.reach = reach;
        this.timeout = timeout;
    }

    /**
     * Takes the tokens of {@code tokens}, which is asked each time that a proxy asks, on a thread that must not be blocked; it completes
     * on any thread. Keep a token for as long as it is valid: a thousand sessions that connect again ask a thousand times.
     */
    public static BearerAuthenticator of(Function<ProxyServer, CompletionStage<String>> tokens) {
        return new BearerAuthenticator(Objects.requireNonNull(tokens, "tokens"), Reach.TLS_ONLY, DEFAULT_TIMEOUT);
    }

    /** The same for proxies spoken to in plain text too, where everybody on the way to the proxy can read the token. */
    public BearerAuthenticator evenInPlainText() {
        return new BearerAuthenticator(tokens, Reach.ANY_PROXY, timeout);
    }

    /**
     * The same with another limit for the application's answer; {@link #DEFAULT_TIMEOUT} without.
     *
     * @throws IllegalArgumentException unless it is above zero
     */
    public BearerAuthenticator timeout(Duration limit) {
        if (limit.isNegative() || limit.isZero()) {
            throw new IllegalArgumentException("timeout must be above zero, was " + limit);
        }
        return new BearerAuthenticator(tokens, reach, limit);
    }

    @Override
    public String scheme() {
        return "Bearer";
    }

    @Override
    public Conversation begin(TunnelRequest request) {
        return new Presenting(request);
    }

    @Override
    public String toString() {
        return "BearerAuthenticator[***]";
    }

    /** A token for each request: whether the proxy takes it is seen by whoever sends it. */
    private final class Presenting implements Conversation {
        private final TunnelRequest request;

        Presenting(TunnelRequest request) {
            this.request = request;
        }

        @Override
        public CompletionStage<String> answer(ProxyChallenge challenge) {
            if (reach == Reach.TLS_ONLY && request.proxy().kind() != ProxyKind.HTTPS) {
                return CompletableFuture.failedFuture(SchemeFailure.of(
                        FailureKind.CONFIGURATION,
                        request,
                        "wants a bearer token in plain text, where others can read it: use an https:// proxy",
                        null));
            }
            return asked().orTimeout(timeout.toNanos(), TimeUnit.NANOSECONDS)
                    .handle(this::field)
                    .thenCompose(field -> field);
        }

        /** A copy, since the time limit would complete the application's own future. */
        private CompletableFuture<String> asked() {
            try {
                return tokens.apply(request.proxy()).toCompletableFuture().copy();
            } catch (RuntimeException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private CompletableFuture<String> field(@Nullable String token, @Nullable Throwable error) {
            if (error != null) {
                return CompletableFuture.failedFuture(failure(SchemeFailure.unwrap(error)));
            }
            if (token == null || !TOKEN.matcher(token).matches()) {
                return CompletableFuture.failedFuture(SchemeFailure.of(
                        FailureKind.CONFIGURATION,
                        request,
                        "wants a bearer token, and what was given is none (it is not shown)",
                        null));
            }
            return CompletableFuture.completedFuture("Bearer " + token);
        }

        private UpstreamException failure(Throwable error) {
            if (error instanceof UpstreamException told) {
                return told;
            }
            return error instanceof TimeoutException
                    ? SchemeFailure.ours(
                            FailureKind.TIMEOUT,
                            request,
                            "wants a bearer token, and the application has given none within " + timeout.toMillis()
                                    + " ms: look at what issues the tokens",
                            error)
                    : SchemeFailure.ours(
                            FailureKind.INTERNAL,
                            request,
                            "wants a bearer token, and what issues the tokens has failed (the cause tells why): mend that",
                            error);
        }
    }
}
