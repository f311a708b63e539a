// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Gives a way up once its peers have used their share of the attempt's time and the target is not reached; what happens behind the proxy has
 * all that is left, since the way is found then. Confined to the event loop.
 */
final class WayShare {
    private final EventLoop loop;
    private final WayAttempt attempt;
    private final Duration share;
    private @Nullable Future<?> alarm;

    WayShare(EventLoop loop, WayAttempt attempt, Duration share) {
        this.loop = loop;
        this.attempt = attempt;
        this.share = share;
    }

    void begin() {
        ringIn(share.toNanos());
    }

    /** The way is found, or is none. */
    void end() {
        attempt.clock().whenItRuns(() -> {});
        Future<?> set = alarm;
        if (set != null) {
            set.cancel(false);
        }
    }

    private void ringIn(long nanos) {
        alarm = loop.schedule(() -> attempt.clock().whenItRuns(this::ring), nanos, TimeUnit.NANOSECONDS);
    }

    private void ring() {
        long left = share.toNanos() - attempt.clock().elapsedNanos();
        if (left > 0) {
            ringIn(left);
        } else if (attempt.isOnTheWay()) {
            attempt.end(ConnectAttempt.noAnswer(attempt.where(), share, "this way"));
        }
    }
}
