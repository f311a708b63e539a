// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Lets attempts to connect to one hub begin one after the other, so many a second and so many at a time, first come, first served: a site
 * whose thousands of identities were lost together must not come back in one second, which the hub refuses and this machine cannot do. Begins
 * fewer when the hub refuses some because there are too many. Safe for use by any thread; its lock is never held while calling out.
 */
public final class Pacer {
    /** After a quiet time so many begin at once. */
    static final int BURST = 10;

    /** So many refusals in so short a time, and half as many attempts begin. */
    static final int REFUSALS = 3;

    static final Duration REFUSALS_WITHIN = Duration.ofSeconds(30);

    /** Without a refusal for so long, twice as many begin again. */
    static final Duration FORGOTTEN_AFTER = Duration.ofSeconds(60);

    private static final long LARGEST_GAP = Duration.ofSeconds(2).toNanos();

    private final int atOnce;
    private final long smallestGap;
    private final LongSupplier nanoTime;
    private final Object lock = new Object();
    private final Set<Place> waiting = new LinkedHashSet<>();
    private final Queue<Long> refusals = new ArrayDeque<>(REFUSALS);
    private int underWay;
    private long gap;

    /** When the gap was changed last. */
    private long changed;

    /** When the next one may begin, had there been none earlier than it might. */
    private long next;

    private @Nullable Pause alarm;

    /** @param nanoTime a monotonic clock */
    Pacer(int perSecond, int atOnce, LongSupplier nanoTime) {
        this.atOnce = atOnce;
        this.nanoTime = nanoTime;
        smallestGap = Duration.ofSeconds(1).dividedBy(perSecond).toNanos();
        gap = smallestGap;
        changed = nanoTime.getAsLong();
        next = changed - BURST * gap;
    }

    /** The one of all transports on {@code runtime} to {@code hubHost}. */
    public static Pacer of(UpstreamRuntime runtime, String hubHost) {
        EventLoop clock = runtime.unwrap(EventLoopGroup.class).next();
        return runtime.shared(Hubs.class, Hubs::new)
                .pacers
                .computeIfAbsent(
                        hubHost,
                        host -> new Pacer(
                                runtime.connectsPerSecond(),
                                runtime.connectsAtOnce(),
                                () -> clock.ticker().nanoTime()));
    }

    private static final class Hubs {
        private final Map<String, Pacer> pacers = new ConcurrentHashMap<>();
    }

    /** Whoever waits for a turn; told on its event loop, one of both and once. */
    interface Visitor {
        void turn();

        /** There will be none. */
        void never(UpstreamException cause);
    }

    /**
     * To be entered once, on {@code loop}.
     *
     * @param patience how long it waits at most
     */
    Place place(EventLoop loop, Duration patience, Visitor visitor) {
        return new Place(loop, patience, visitor);
    }

    private int waiting() {
        synchronized (lock) {
            return waiting.size();
        }
    }

    private void callNext(@Nullable Place entering) {
        List<Place> called = new ArrayList<>(1);
        synchronized (lock) {
            long now = nanoTime.getAsLong();
            relax(now);
            while (!waiting.isEmpty() && underWay < atOnce && now - next + (BURST - 1) * gap >= 0) {
                Place first = waiting.iterator().next();
                waiting.remove(first);
                first.standing = Standing.CALLED;
                underWay++;
                next = (next - now > 0 ? next : now) + gap;
                called.add(first);
            }
            setAlarm(now);
        }
        for (Place each : called) {
            each.call(entering);
        }
    }

    private void setAlarm(long now) {
        if (underWay >= atOnce) {
            return; // whoever leaves calls the next
        }
        Duration left = Duration.ofNanos(Math.max(1, next - (BURST - 1) * gap - now));
        for (Iterator<Place> heads = waiting.iterator(); alarm == null && heads.hasNext(); ) {
            try {
                alarm = Pause.of(left, heads.next().loop, this::ring, this::ring);
            } catch (RejectedExecutionException e) {
                heads.remove(); // its loop is gone, and it has been told so
            }
        }
    }

    private void ring() {
        synchronized (lock) {
            alarm = null;
        }
        callNext(null);
    }

    private void refused() {
        long now = nanoTime.getAsLong();
        refusals.removeIf(each -> now - each > REFUSALS_WITHIN.toNanos());
        refusals.add(now);
        if (refusals.size() >= REFUSALS) {
            refusals.clear();
            gap = Math.min(2 * gap, Math.max(LARGEST_GAP, smallestGap));
            changed = now;
        }
    }

    private void relax(long now) {
        if (gap > smallestGap && now - changed >= FORGOTTEN_AFTER.toNanos()) {
            gap = Math.max(smallestGap, gap / 2);
            changed = now;
        }
    }

    private enum Standing {
        OUTSIDE,
        WAITING,
        CALLED,
        GONE
    }

    /** One attempt, from its wish to begin until it is over. Confined to its event loop, but for what the lock guards. */
    final class Place {
        private final EventLoop loop;
        private final Duration patience;
        private final Visitor visitor;
        private Standing standing = Standing.OUTSIDE;
        private @Nullable Pause limit;

        private Place(EventLoop loop, Duration patience, Visitor visitor) {
            this.loop = loop;
            this.patience = patience;
            this.visitor = visitor;
        }

        /** Waits; the turn may come within this call. */
        void enter() {
            try {
                limit = Pause.of(patience, loop, this::outOfPatience, this::loopEnds);
            } catch (RejectedExecutionException e) {
                visitor.never(Failures.runtimeClosed("open", e));
                return;
            }
            synchronized (lock) {
                standing = Standing.WAITING;
                waiting.add(this);
            }
            callNext(this);
        }

        /**
         * The attempt is over, or it is not wanted any more. Idempotent.
         *
         * @param failure null if it succeeded, or never began
         */
        void leave(@Nullable UpstreamException failure) {
            synchronized (lock) {
                if (standing == Standing.CALLED) {
                    underWay--;
                }
                if (failure != null && failure.kind() == FailureKind.THROTTLED && standing == Standing.CALLED) {
                    refused();
                }
                waiting.remove(this);
                standing = Standing.GONE;
            }
            endLimit();
            callNext(null);
        }

        private void call(@Nullable Place entering) {
            if (this == entering) {
                begin();
                return;
            }
            try {
                loop.execute(this::begin);
            } catch (RejectedExecutionException e) {
                leave(null); // and has been told that the loop is gone
            }
        }

        private void begin() {
            synchronized (lock) {
                if (standing != Standing.CALLED) {
                    return;
                }
            }
            endLimit();
            visitor.turn();
        }

        private void endLimit() {
            if (limit != null) {
                limit.cancel();
            }
        }

        private boolean giveUp() {
            synchronized (lock) {
                if (standing != Standing.WAITING) {
                    return false;
                }
                standing = Standing.GONE;
                return waiting.remove(this);
            }
        }

        private void outOfPatience() {
            int others = waiting();
            if (giveUp()) {
                visitor.never(UpstreamException.of(
                        FailureKind.TIMEOUT,
                        Where.here("open"),
                        "the " + Failures.seconds(patience)
                                + " for the whole attempt were over before it could begin, for "
                                + others
                                + " attempts waited for their turn: open fewer sessions at a time, raise the connect"
                                + " timeout, or let the runtime begin more a second"));
            }
        }

        private void loopEnds() {
            if (giveUp()) {
                visitor.never(Failures.runtimeClosed("open", null));
            }
        }
    }
}
