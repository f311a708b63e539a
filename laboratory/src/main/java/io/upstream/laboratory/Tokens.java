// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.TokenRequest;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Gives tokens that do not last long, and not always. Thread-safe. */
final class Tokens implements SasTokenProvider {
    /** Renewed at four fifths: every few seconds. */
    private static final Duration LIFETIME = Duration.ofSeconds(6);

    private static final int SLOW_MILLIS = 700;

    private final SasKey key;
    private final AtomicInteger underWay = new AtomicInteger();
    private final AtomicInteger overlaps = new AtomicInteger();
    private volatile Mode mode = Mode.GOOD;
    private volatile @Nullable SasToken last;

    enum Mode {
        GOOD,
        THROWING,
        SLOW,
        /** The token that was given before. */
        STALE
    }

    Tokens(SasKey key) {
        this.key = key.lifetime(LIFETIME);
    }

    void be(Mode next) {
        mode = next;
    }

    /** How often it was asked while it was being asked. */
    int overlaps() {
        return overlaps.get();
    }

    @Override
    public CompletionStage<SasToken> token(TokenRequest request) {
        if (underWay.incrementAndGet() > 1) {
            overlaps.incrementAndGet();
        }
        CompletionStage<SasToken> answer;
        try {
            answer = answer(request);
        } catch (RuntimeException e) {
            underWay.decrementAndGet();
            throw e;
        }
        return answer.whenComplete((token, error) -> underWay.decrementAndGet());
    }

    private CompletionStage<SasToken> answer(TokenRequest request) {
        SasToken before = last;
        return switch (mode) {
            case GOOD -> CompletableFuture.completedFuture(sign(request));
            case THROWING -> throw new IllegalStateException("the token provider fails on purpose");
            case SLOW ->
                CompletableFuture.supplyAsync(
                        () -> sign(request), CompletableFuture.delayedExecutor(SLOW_MILLIS, TimeUnit.MILLISECONDS));
            case STALE -> CompletableFuture.completedFuture(before == null ? sign(request) : before);
        };
    }

    private SasToken sign(TokenRequest request) {
        SasToken token = key.sign(request.hubHost(), request.identity(), Instant.now());
        last = token;
        return token;
    }
}
