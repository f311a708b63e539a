// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.Reconnect;
import java.time.Duration;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * The pauses between one attempt and the next, as {@link Reconnect} describes them. One for whatever is attempted: a connection, or an
 * identity on one. Not thread-safe.
 */
public final class Backoff {
    /** A connection that lasts so long was a success; a shorter one was another failure. */
    static final Duration STABLE = Duration.ofSeconds(30);

    /** No attempt follows a failure sooner, or a peer that closes at once would be asked without end. */
    static final Duration LEAST = Duration.ofMillis(100);

    /** So many refusals of the same credentials in a row are no accident. */
    static final int PATIENCE = 5;

    private static final int MOST_DOUBLINGS = 40;

    private final Reconnect policy;
    private final LongSupplier nanoTime;
    private final RandomGenerator random;
    private int failures;
    private Standing standing = Standing.DOWN;
    private long since;

    private enum Standing {
        DOWN,
        UP
    }

    /** @param nanoTime a monotonic clock */
    public Backoff(Reconnect policy, LongSupplier nanoTime, RandomGenerator random) {
        this.policy = policy;
        this.nanoTime = nanoTime;
        this.random = random;
    }

    /** The attempt has succeeded. */
    public void succeeded() {
        standing = Standing.UP;
        since = nanoTime.getAsLong();
    }

    /** How long to wait after what succeeded was lost, or an attempt failed. */
    public Duration pauseAfter(FailureKind kind) {
        if (standing == Standing.UP && nanoTime.getAsLong() - since >= STABLE.toNanos()) {
            failures = 0;
        }
        standing = Standing.DOWN;
        Duration least = least(kind);
        double bound = Math.min(
                (double) most(kind).toNanos(),
                Math.scalb((double) policy.first().toNanos(), doublings()));
        failures++;
        Duration drawn = Duration.ofNanos((long) (bound * random.nextDouble()));
        return least.compareTo(LEAST) > 0 ? least.plus(drawn) : max(drawn, shortest());
    }

    private int doublings() {
        return Math.min(failures, MOST_DOUBLINGS);
    }

    /** {@link #LEAST}, or what a policy of very short pauses allows. */
    private Duration shortest() {
        return policy.most().compareTo(LEAST) < 0 ? policy.first() : LEAST;
    }

    /** What passes by itself is tried soon; what somebody has to change, seldom; and a hub that asks for less gets less. */
    private Duration least(FailureKind kind) {
        return switch (kind) {
            case THROTTLED -> policy.most().dividedBy(6);
            case UNAUTHORIZED, TOKEN_EXPIRED ->
                failures == 0
                        ? Duration.ZERO
                        : failures < PATIENCE
                                ? policy.most().dividedBy(12)
                                : policy.most().multipliedBy(5);
            case QUOTA, PROXY_AUTH, NOT_FOUND, DEVICE_DISABLED -> policy.most().multipliedBy(5);
            case TLS_TRUST, TLS_NAME, TLS_EXPIRED, TLS_OTHER, PROXY_DENIED, CONFIGURATION, KICKED -> policy.most();
            case PROTOCOL, WS_REJECTED ->
                failures < PATIENCE ? Duration.ZERO : policy.most().multipliedBy(5);
            default -> Duration.ZERO;
        };
    }

    private Duration most(FailureKind kind) {
        return switch (kind) {
            case TLS_TRUST, TLS_NAME, TLS_EXPIRED, TLS_OTHER -> policy.most().multipliedBy(14);
            default -> policy.most();
        };
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }
}
