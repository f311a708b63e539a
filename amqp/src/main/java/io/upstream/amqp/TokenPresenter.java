// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.session.TokenLease;
import io.upstream.session.TokenSource;
import io.upstream.watch.SessionWatch;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
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
    private static final long MOST_RETRY_MILLIS = 20_000;
    private static final int TRIES = 5;

    /** From one try to the next where the former token should have ended, and the hub does not mind: its clock is another. */
    private static final long OVERDUE_MILLIS = 60_000;

    private static final Logger log = LoggerFactory.getLogger(TokenPresenter.class);

    private final AmqpConnection connection;
    private final TokenSource tokens;
    private final String audience;
    private final SessionWatch watch;
    private @Nullable Future<?> renewal;
    private @Nullable CompletableFuture<TokenLease> made;
    private @Nullable CompletableFuture<TokenLease> underWay;

    /** How long a try to renew the token, its pause included, may take. */
    private long tryMillis = ANSWER_MILLIS + RETRY_MILLIS;

    private Life life = Life.ACTIVE;

    private enum Life {
        ACTIVE,
        OVER
    }

    /** For one line; null if the identity has no tokens. */
    static @Nullable TokenPresenter of(LineTerms line, AmqpConnection connection) {
        TokenSource tokens = line.tokens();
        return tokens == null
                ? null
                : new TokenPresenter(
                        connection, tokens, line.audience(), line.session().watch());
    }

    private TokenPresenter(AmqpConnection connection, TokenSource tokens, String audience, SessionWatch watch) {
        this.watch = watch;
        this.connection = connection;
        this.tokens = tokens;
        this.audience = audience;
    }

    /** Has a token made and presents it; completes on the event loop. Whoever gives up completes the future. */
    CompletableFuture<TokenLease> present() {
        CompletableFuture<TokenLease> presented = new CompletableFuture<>();
        ask(presented, token -> put(token, presented));
        return presented;
    }

    private void ask(CompletableFuture<TokenLease> presented, Consumer<TokenLease> then) {
        CompletableFuture<TokenLease> asked = tokens.next(connection.clock()).toCompletableFuture();
        made = asked;
        asked.whenComplete((token, error) -> onLoop(() -> {
            if (error != null) {
                presented.completeExceptionally(error);
            } else if (!presented.isDone()) {
                then.accept(token);
            }
        }));
    }

    /** Whether the hub has not been told of the token yet, because there is none. */
    boolean waitsForToken() {
        return made != null && !made.isDone();
    }

    private void put(TokenLease token, CompletableFuture<TokenLease> presented) {
        CompletableFuture<Void> request = connection.cbs().put(audience, token.token());
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
    void renewAhead(TokenLease token) {
        OptionalLong left = token.millisLeft(connection.clock().getAsLong());
        if (tokens.canRenew() && left.isPresent()) {
            long pause = (long) (left.getAsLong() * (RENEW_AT + RENEW_SPREAD * spread()));
            tryMillis = Math.min(ANSWER_MILLIS + RETRY_MILLIS, Math.max(0, left.getAsLong() - pause) / TRIES);
            renewIn(token, pause);
        }
    }

    private void renewIn(TokenLease former, long millis) {
        if (life == Life.ACTIVE) {
            long pause = Math.max(SHORTEST_PAUSE_MILLIS, millis);
            renewal = connection.loop().schedule(() -> renew(former), pause, TimeUnit.MILLISECONDS);
        }
    }

    /** From -1 to 1. */
    private static double spread() {
        return ThreadLocalRandom.current().nextDouble(-1, 1);
    }

    private void renew(TokenLease former) {
        CompletableFuture<TokenLease> presented = new CompletableFuture<>();
        underWay = presented;
        long began = connection.clock().getAsLong();
        presented.whenComplete((token, error) -> {
            if (error == null) {
                watch.tokenRenewed(Duration.ofNanos(connection.clock().getAsLong() - began));
                renewAhead(token);
            } else if (life == Life.ACTIVE) {
                // the hub closes the link when the old token ends, and the session tells why
                long pause = pauseAfterFailure(former);
                log.warn("the token for {} could not be renewed, next try in {} ms", audience, pause, error);
                watch.tokenRenewalFailed(Failures.translate(error, Where.here("token")), Duration.ofMillis(pause));
                renewIn(former, pause);
            }
        });
        ask(presented, token -> {
            if (tokens.mayBeStale() && !token.outlasts(former)) {
                presented.completeExceptionally(
                        new IllegalStateException(
                                "what makes the tokens gave one that lasts no longer than the one in use: it must make a fresh one"));
            } else {
                put(token, presented);
                limit(presented);
            }
        });
    }

    private void limit(CompletableFuture<TokenLease> presented) {
        long limit = Math.max(SHORTEST_PAUSE_MILLIS, tryMillis * ANSWER_MILLIS / (ANSWER_MILLIS + RETRY_MILLIS));
        Future<?> alarm = connection
                .loop()
                .schedule(
                        () -> presented.completeExceptionally(
                                new TimeoutException("no answer within " + limit + " ms")),
                        limit,
                        TimeUnit.MILLISECONDS);
        presented.whenComplete((token, error) -> alarm.cancel(false));
    }

    /** So that there are several more tries before the token in use ends, however short it lasts, and not more than that is worth. */
    private long pauseAfterFailure(TokenLease former) {
        long left = former.millisLeft(connection.clock().getAsLong()).orElse(RETRY_MILLIS * TRIES);
        long least = Math.min(RETRY_MILLIS, tryMillis / TRIES);
        long usual = left > 0 ? Math.max(least, Math.min(MOST_RETRY_MILLIS, left / TRIES)) : OVERDUE_MILLIS;
        return (long) (usual * (1 + spread() / 2));
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
