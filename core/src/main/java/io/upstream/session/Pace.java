// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How often the connections of one transport give a sign of life, which keeps proxies and firewalls on the way from ending them as idle.
 * When two connections, one after the other, end after the same time without traffic, and neither had lived through as long a silence
 * before, something on the way has such a limit: from then on the interval is half of it. What the application chose is left as it is.
 * Thread-safe.
 */
public final class Pace {
    /** Idle limits are longer, and a faster pace would be traffic for its own sake. */
    static final Duration SHORTEST = Duration.ofSeconds(15);

    /** Two times are the same when both lie within a tenth of a third: the shorter is at least 9/11 of the longer. */
    private static final double SAME = 9.0 / 11.0;

    private static final Logger log = LoggerFactory.getLogger(Pace.class);

    private final UpstreamOptions options;
    private final RandomGenerator random;
    private Duration interval;
    private @Nullable Suspicion suspicion;
    private Advice advice = Advice.NOT_GIVEN;

    private enum Advice {
        NOT_GIVEN,
        GIVEN
    }

    /** A connection that ended after {@code idle} nanoseconds without traffic, at the time {@code at}. */
    private record Suspicion(long idle, long at) {}

    /** Starts with the interval of the options. */
    public Pace(UpstreamOptions options, RandomGenerator random) {
        this.options = options;
        this.random = random;
        interval = options.keepAlive();
    }

    /** The longest that a connection made now should be silent in one direction. */
    public synchronized Duration interval() {
        return interval;
    }

    /**
     * The interval of one connection: within a tenth of a middle value, and never longer than {@link #interval}. So connections that began
     * together do not all speak at once.
     */
    public synchronized Duration draw() {
        return Duration.ofNanos((long) (interval.toNanos() * (SAME + (1 - SAME) * random.nextDouble())));
    }

    /** How long the peer may take to answer. */
    public Duration patience() {
        return options.keepAlivePatience();
    }

    /**
     * A connection was lost.
     *
     * @param now of the clock that {@code quiet} goes by
     */
    public synchronized void ended(UpstreamException cause, Quiet quiet, long now) {
        long idle = quiet.idle(now);
        if (!mayComeFromSilence(cause) || idle < SHORTEST.toNanos() || quiet.survived() >= idle) {
            return;
        }
        Suspicion earlier = suspicion;
        if (earlier != null && quiet.began() - earlier.at() < 0) {
            return; // was there when the other ended: whatever ended that may have ended both
        }
        suspicion = new Suspicion(idle, now);
        if (earlier != null && isSame(earlier.idle(), idle)) {
            suspicion = null;
            shorten(Duration.ofNanos(Math.min(earlier.idle(), idle)), cause.hop());
        }
    }

    private static boolean mayComeFromSilence(UpstreamException cause) {
        return switch (cause.kind()) {
            case CLOSED_BY_PEER, RESET, TIMEOUT -> true;
            default -> false;
        };
    }

    private static boolean isSame(long a, long b) {
        return Math.min(a, b) >= SAME * Math.max(a, b);
    }

    private void shorten(Duration limit, String hop) {
        Duration half = limit.dividedBy(2);
        Duration next = half.compareTo(SHORTEST) < 0 ? SHORTEST : half;
        if (next.compareTo(interval) >= 0) {
            return;
        }
        if (options.adaptsKeepAlive()) {
            interval = next;
            log.info(
                    "connections to {} end after {} without traffic, the keep-alive is {} from now on",
                    hop,
                    Failures.seconds(limit),
                    Failures.seconds(next));
        } else if (advice == Advice.NOT_GIVEN) {
            advice = Advice.GIVEN;
            log.warn(
                    "connections to {} end after {} without traffic, and the keep-alive was chosen to be {}: choose {} or less",
                    hop,
                    Failures.seconds(limit),
                    Failures.seconds(interval),
                    Failures.seconds(next));
        }
    }
}
