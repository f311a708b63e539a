// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.Credentials;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes an identity's tokens, off the event loop: signing costs time, and on some machines it waits for a chip. */
public final class Tokens {
    private static final Pattern EXPIRY = Pattern.compile("[ &]se=(\\d{1,15})(?:&|$)");

    private final Credentials credentials;
    private final String hubHost;
    private final Identity identity;
    private final Executor blocking;

    public Tokens(Credentials credentials, String hubHost, Identity identity, Executor blocking) {
        this.credentials = credentials;
        this.hubHost = hubHost;
        this.identity = identity;
        this.blocking = blocking;
    }

    /** Whether the identity proves itself by tokens at all. */
    public static boolean areUsedBy(Credentials credentials) {
        return credentials instanceof SasKey || credentials instanceof SasToken;
    }

    /** Whether a later token lasts longer than an earlier one. */
    public boolean canRenew() {
        return credentials instanceof SasKey;
    }

    /** Completes on another thread. */
    public CompletionStage<SasToken> next() {
        if (credentials instanceof SasToken token) {
            return CompletableFuture.completedFuture(token);
        }
        if (!(credentials instanceof SasKey key)) {
            throw new IllegalStateException("these credentials have no token");
        }
        try {
            return CompletableFuture.supplyAsync(() -> key.sign(hubHost, identity, Instant.now()), blocking);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(UpstreamException.of(
                    FailureKind.INTERNAL, Where.here("cbs"), "too many tokens wait to be signed", e));
        }
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
