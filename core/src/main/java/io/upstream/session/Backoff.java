// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.Reconnect;
import io.upstream.UpstreamException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
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

    /** A peer may ask for 5 min by default; whoever asks for more is asked again all the same. */
    static final int MOST_ASKED = 5;

    /** So many times pushed off by another client in so short a time are a conflict, not a restart. */
    static final int KICKS_OF_A_CONFLICT = 3;

    static final Duration CONFLICT = Duration.ofSeconds(60);

    private static final int MOST_DOUBLINGS = 40;

    private final Reconnect policy;
    private final LongSupplier nanoTime;
    private final RandomGenerator random;
    private final Queue<Long> kicks = new ArrayDeque<>(KICKS_OF_A_CONFLICT);
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

    /** How long to wait after what succeeded was lost, or an attempt failed; at least as long as the peer asks. */
    public Duration pauseAfter(UpstreamException cause) {
        Duration own = pauseAfter(cause.kind());
        return max(own, min(cause.retryAfter(), policy.most().multipliedBy(MOST_ASKED)));
    }

    /** As above, where the peer says nothing about it. */
    public Duration pauseAfter(FailureKind kind) {
        if (standing == Standing.UP && nanoTime.getAsLong() - since >= STABLE.toNanos()) {
            failures = 0;
        }
        standing = Standing.DOWN;
        Remedy remedy = remedy(kind);
        Duration least = remedy.least(policy.most(), failures);
        double bound = Math.min(
                (double) remedy.most(policy.most()).toNanos(),
                Math.scalb((double) policy.first().toNanos(), doublings()));
        failures++;
        Duration drawn = Duration.ofNanos((long) (bound * random.nextDouble()));
        return least.compareTo(LEAST) > 0 ? least.plus(drawn) : max(drawn, shortest());
    }

    /** Two clients with one identity would push each other off for ever. */
    private Remedy remedy(FailureKind kind) {
        if (kind != FailureKind.KICKED) {
            return Remedy.of(kind);
        }
        long now = nanoTime.getAsLong();
        kicks.removeIf(each -> now - each > CONFLICT.toNanos());
        kicks.add(now);
        if (kicks.size() < KICKS_OF_A_CONFLICT) {
            return Remedy.of(kind);
        }
        kicks.remove();
        return Remedy.WAIT_FOR_A_CHANGE;
    }

    /** Where the machine is now nothing has failed yet. */
    public void forget() {
        failures = 0;
    }

    private int doublings() {
        return Math.min(failures, MOST_DOUBLINGS);
    }

    /** {@link #LEAST}, or what a policy of very short pauses allows. */
    private Duration shortest() {
        return policy.most().compareTo(LEAST) < 0 ? policy.first() : LEAST;
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }
}
