// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/** Which proxies did not work a short while ago: they come last, so that not every connection waits for them again. Thread-safe. */
final class AvoidedProxies {
    static final Duration WHILE = Duration.ofMinutes(5);

    private static final int MAX_REMEMBERED = 64;

    private final LongSupplier nanos;
    /** By kind and address. */
    private final Map<String, Long> since = new HashMap<>();

    /** @param nanos a clock as {@link System#nanoTime} */
    AvoidedProxies(LongSupplier nanos) {
        this.nanos = nanos;
    }

    synchronized void add(Route route) {
        since.values().removeIf(this::isOver);
        if (since.size() < MAX_REMEMBERED) {
            since.put(route.toString(), nanos.getAsLong());
        }
    }

    synchronized boolean contains(Route route) {
        Long failed = since.get(route.toString());
        return failed != null && !isOver(failed);
    }

    /** The same routes, those that are avoided behind the others; nothing is added and nothing lost. */
    List<Route> last(List<Route> routes) {
        List<Route> ordered = new ArrayList<>(routes.size());
        List<Route> avoided = new ArrayList<>();
        routes.forEach(route -> (contains(route) ? avoided : ordered).add(route));
        ordered.addAll(avoided);
        return ordered;
    }

    private boolean isOver(long failed) {
        return nanos.getAsLong() - failed >= WHILE.toNanos();
    }
}
