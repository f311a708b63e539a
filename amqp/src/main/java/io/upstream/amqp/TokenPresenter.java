// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.session.Tokens;
import io.upstream.SasToken;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Presents one identity's tokens: the first when it opens, later ones in place before the former ends. Confined to the event loop.
 */
final class TokenPresenter {
    /** The part of a token's life after which the next one is presented; spread, so that identities that came together do not. */
    private static final double RENEW_AT = 0.8;

    private static final double RENEW_SPREAD = 0.05;

    /** Also where the clocks disagree so much that a token seems to have ended already. */
    private static final long SHORTEST_PAUSE_MILLIS = 500;

    /** For the hub's answer, and from one try to the next; less if that would leave no time for {@link #TRIES} before the token ends. */
    private static final long ANSWER_MILLIS = 20_000;

    private static final long RETRY_MILLIS = 5_000;

    private static final int TRIES = 5;
    private static final Logger log = LoggerFactory.getLogger(TokenPresenter.class);

    private final AmqpConnection connection;
    private final Tokens tokens;
    private final String audience;
    private @Nullable Future<?> renewal;
    private @Nullable CompletableFuture<SasToken> underWay;

    /** Asked for, and not given up just because nobody waits for it: no second one is asked for meanwhile. */
    private @Nullable CompletableFuture<SasToken> next;

    /** How long a try, its pause included, may take. */
    private long tryMillis = ANSWER_MILLIS + RETRY_MILLIS;

    private Life life = Life.ACTIVE;

    private enum Life {
        ACTIVE,
        OVER
    }

    /** For one line; null if the identity has no tokens. */
    static @Nullable TokenPresenter of(LineTerms line, AmqpConnection connection) {
        Tokens tokens = line.tokens();
        return tokens == null ? null : new TokenPresenter(connection, tokens, line.audience());
    }

    private TokenPresenter(AmqpConnection connection, Tokens tokens, String audience) {
        this.connection = connection;
        this.tokens = tokens;
        this.audience = audience;
    }

    /** Signs and presents; completes on the event loop. Whoever gives up completes the future. */
    CompletableFuture<SasToken> present() {
        CompletableFuture<SasToken> presented = new CompletableFuture<>();
        nextToken()
                .whenComplete((token, error) -> onLoop(() -> {
                    if (error != null) {
                        presented.completeExceptionally(error);
                    } else if (!presented.isDone()) {
                        put(token, presented);
                    }
                }));
        return presented;
    }

    private CompletableFuture<SasToken> nextToken() {
        CompletableFuture<SasToken> asked = next;
        if (asked == null || asked.isDone()) {
            asked = tokens.next().toCompletableFuture();
            next = asked;
        }
        return asked;
    }

    private void put(SasToken token, CompletableFuture<SasToken> presented) {
        CompletableFuture<Void> request = connection.cbs().put(audience, token);
        request.whenComplete((done, error) -> {
            if (error == null) {
                presented.complete(token);
            } else {
                presented.completeExceptionally(error);
            }
        });
        presented.whenComplete((done, error) -> request.cancel(false));
        connection.flushSoon();
    }

    private void onLoop(Runnable task) {
        try {
            connection.loop().execute(() -> {
                if (connection.isOpen()) {
                    task.run();
                }
            });
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed");
        }
    }

    /** Arranges for {@code token} to be followed by another in time. */
    void renewAhead(SasToken token) {
        OptionalLong left = Tokens.millisLeft(token);
        if (tokens.canRenew() && left.isPresent()) {
            long pause = (long) (left.getAsLong() * (RENEW_AT + RENEW_SPREAD * spread()));
            tryMillis = Math.min(ANSWER_MILLIS + RETRY_MILLIS, Math.max(0, left.getAsLong() - pause) / TRIES);
            renewIn(pause);
        }
    }

    private void renewIn(long millis) {
        if (life == Life.ACTIVE) {
            long pause = Math.max(SHORTEST_PAUSE_MILLIS, millis);
            renewal = connection.loop().schedule(this::renew, pause, TimeUnit.MILLISECONDS);
        }
    }

    /** From -1 to 1. */
    private static double spread() {
        return ThreadLocalRandom.current().nextDouble(-1, 1);
    }

    private void renew() {
        CompletableFuture<SasToken> presented = present();
        underWay = presented;
        long limit = Math.max(SHORTEST_PAUSE_MILLIS, tryMillis * ANSWER_MILLIS / (ANSWER_MILLIS + RETRY_MILLIS));
        Future<?> alarm = connection
                .loop()
                .schedule(
                        () -> presented.completeExceptionally(new TimeoutException("no answer within " + limit + " ms")),
                        limit,
                        TimeUnit.MILLISECONDS);
        presented.whenComplete((token, error) -> {
            alarm.cancel(false);
            if (error == null) {
                renewAhead(token);
            } else if (life == Life.ACTIVE) {
                // the hub closes the link when the old token ends, and the session tells why
                long pause = (long) (Math.min(RETRY_MILLIS, tryMillis / TRIES) * (1 + spread() / 2));
                log.warn("the token for {} could not be renewed, next try in {} ms", audience, pause, error);
                renewIn(pause);
            }
        });
    }

    /** Presents nothing any more. */
    void end() {
        life = Life.OVER;
        if (renewal != null) {
            renewal.cancel(false);
        }
        if (underWay != null) {
            underWay.cancel(false);
        }
    }
}
