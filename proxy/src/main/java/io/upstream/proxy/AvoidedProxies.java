// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import io.upstream.Route;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Which proxies did not work a short while ago: they come last, so that not every connection waits for them again. One that could not be
 * reached or spoken to is avoided for all destinations; one that answered that it cannot reach a destination, for that destination. Of more
 * than {@value #MAX_REMEMBERED} such findings the oldest is forgotten. Thread-safe.
 */
final class AvoidedProxies {
    static final Duration WHILE = Duration.ofMinutes(5);

    static final int MAX_REMEMBERED = 256;

    private final LongSupplier nanos;

    /** The oldest first. */
    private final Map<Finding, Long> since = new LinkedHashMap<>();

    /**
     * What was found out.
     *
     * @param route by kind and address
     * @param target null for all
     */
    private record Finding(String route, @Nullable HostPort target) {}

    /** @param nanos a clock as {@link System#nanoTime} */
    AvoidedProxies(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Nothing can be reached by it. */
    void add(Route route) {
        add(new Finding(route.toString(), null));
    }

    /** It works, and cannot reach {@code target}. */
    void add(Route route, HostPort target) {
        add(new Finding(route.toString(), target));
    }

    /** What was found out says nothing where the host is now. */
    synchronized void forget() {
        since.clear();
    }

    private synchronized void add(Finding finding) {
        since.values().removeIf(this::isOver);
        since.remove(finding);
        since.put(finding, nanos.getAsLong());
        if (since.size() > MAX_REMEMBERED) {
            Iterator<Finding> oldest = since.keySet().iterator();
            oldest.next();
            oldest.remove();
        }
    }

    /** Whether it is avoided on the way to {@code target}. */
    synchronized boolean contains(Route route, HostPort target) {
        return isKept(new Finding(route.toString(), null)) || isKept(new Finding(route.toString(), target));
    }

    private boolean isKept(Finding finding) {
        Long failed = since.get(finding);
        return failed != null && !isOver(failed);
    }

    /** The same routes, those that are avoided behind the others; nothing is added and nothing lost. */
    List<Route> last(List<Route> routes, HostPort target) {
        List<Route> ordered = new ArrayList<>(routes.size());
        List<Route> avoided = new ArrayList<>();
        routes.forEach(route -> (contains(route, target) ? avoided : ordered).add(route));
        ordered.addAll(avoided);
        return ordered;
    }

    private boolean isOver(long failed) {
        return nanos.getAsLong() - failed >= WHILE.toNanos();
    }
}
