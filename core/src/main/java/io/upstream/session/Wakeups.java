// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices that this machine, or this process, was asleep, and has everybody look at once whether his connections are still there: by their
 * keep-alives they would learn it later. After a sleep the time of day is ahead of the monotonic clock, which stood still, or a timer comes
 * very late, where it did not. A time of day that is put forward looks the same; then the look was for nothing and does no harm: whoever
 * is heard from in any way is alive. Thread-safe;
 * calls nobody while it holds its monitor.
 */
public final class Wakeups {
    static final Duration LOOK_EVERY = Duration.ofSeconds(5);

    /** Longer than a busy machine is late, and a clock that is slewed is off. */
    static final Duration ASLEEP = Duration.ofSeconds(20);

    private static final Logger log = LoggerFactory.getLogger(Wakeups.class);

    private final EventLoop loop;
    private final WallClock wall;
    private final Set<Watcher> watchers = new LinkedHashSet<>();
    private @Nullable Future<?> look;
    private long lastNanos;
    private Instant lastWall;

    Wakeups(EventLoop loop, WallClock wall) {
        this.loop = loop;
        this.wall = wall;
        lastWall = wall.now();
    }

    /** The one of all transports on {@code runtime}. */
    public static Wakeups of(UpstreamRuntime runtime) {
        WallClock wall = WallClock.of(runtime);
        EventLoop loop = runtime.unwrap(EventLoopGroup.class).next();
        return runtime.shared(Wakeups.class, () -> new Wakeups(loop, wall));
    }

    /** Whoever wants to know. */
    public final class Watcher {
        private final Runnable awake;

        private Watcher(Runnable awake) {
            this.awake = awake;
        }

        /** Is told no more. Idempotent. */
        public void end() {
            synchronized (watchers) {
                watchers.remove(this);
                if (watchers.isEmpty() && look != null) {
                    look.cancel(false);
                    look = null;
                }
            }
        }
    }

    /** Has {@code awake} run on an event loop after each sleep. */
    public Watcher watch(Runnable awake) {
        Watcher added = new Watcher(awake);
        synchronized (watchers) {
            watchers.add(added);
            if (look == null) {
                mark();
                schedule();
            }
        }
        return added;
    }

    /** As {@link #watch}, for what calls the application's code: {@code awake} runs where {@code aside} says. */
    public Watcher watch(Runnable awake, Executor aside) {
        return watch(() -> {
            try {
                aside.execute(() -> contain(awake));
            } catch (RejectedExecutionException e) {
                log.debug("the runtime is closed");
            }
        });
    }

    private void mark() {
        lastNanos = loop.ticker().nanoTime();
        lastWall = wall.now();
    }

    private void schedule() {
        try {
            look = loop.schedule(this::look, LOOK_EVERY.toNanos(), TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
            log.debug("the runtime is closed");
        }
    }

    private void look() {
        List<Watcher> told = List.of();
        synchronized (watchers) {
            if (watchers.isEmpty()) {
                return; // cancelled too late
            }
            Duration late = asleep();
            if (late.compareTo(ASLEEP) >= 0) {
                log.info("this machine seems to have been asleep for {} s: connections are probed", late.toSeconds());
                told = List.copyOf(watchers);
            }
            mark();
            schedule();
        }
        told.forEach(each -> contain(each.awake));
    }

    private static void contain(Runnable awake) {
        try {
            awake.run();
        } catch (RuntimeException e) {
            log.warn("somebody could not look after his connections when this machine woke up", e);
        }
    }

    /** By whichever clock it was longer. */
    private Duration asleep() {
        Duration monotonic = Duration.ofNanos(loop.ticker().nanoTime() - lastNanos);
        Duration ahead = Duration.between(lastWall, wall.now()).minus(monotonic);
        Duration late = monotonic.minus(LOOK_EVERY);
        return late.compareTo(ahead) > 0 ? late : ahead;
    }
}
