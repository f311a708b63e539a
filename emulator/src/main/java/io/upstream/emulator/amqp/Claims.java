// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.netty.util.concurrent.EventExecutor;
import io.upstream.emulator.hub.HubIdentity;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** For whom this connection holds a token, and until when. Confined to the event loop. */
final class Claims {
    /** More than any client puts on one connection; the hub has such a limit, its number is not published. */
    static final int MAX_IDENTITIES = 5_000;

    private static final Duration LONGEST_TIMER = Duration.ofDays(365);

    private final EventExecutor loop;
    private final Consumer<HubIdentity> expired;
    private final Map<HubIdentity, Future<?>> timers = new HashMap<>();

    /** @param expired told when a token ends without having been renewed */
    Claims(EventExecutor loop, Consumer<HubIdentity> expired) {
        this.loop = loop;
        this.expired = expired;
    }

    boolean holds(HubIdentity identity) {
        return timers.containsKey(identity);
    }

    /** Takes a token's word; false if there are too many. A later token for the same identity replaces the earlier, longer or shorter. */
    boolean put(HubIdentity identity, Instant expiry) {
        if (timers.size() >= MAX_IDENTITIES && !timers.containsKey(identity)) {
            return false;
        }
        Duration left = Duration.between(Instant.now(), expiry);
        Duration delay = left.compareTo(LONGEST_TIMER) > 0 ? LONGEST_TIMER : left;
        Future<?> timer = loop.schedule(() -> expire(identity), Math.max(0, delay.toMillis()), TimeUnit.MILLISECONDS);
        Future<?> earlier = timers.put(identity, timer);
        if (earlier != null) {
            earlier.cancel(false);
        }
        return true;
    }

    private void expire(HubIdentity identity) {
        timers.remove(identity);
        expired.accept(identity);
    }

    void clear() {
        timers.values().forEach(timer -> timer.cancel(false));
        timers.clear();
    }
}
