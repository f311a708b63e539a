// SPDX-License-Identifier: Apache-2.0
package io.upstream.testing;

import io.netty.channel.ManualIoEventLoop;
import io.netty.channel.local.LocalIoHandler;
import io.netty.util.concurrent.MockTicker;
import io.netty.util.concurrent.Ticker;
import io.upstream.UpstreamRuntime;
import io.upstream.session.WallClock;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * One event loop, on the thread of the test, in a time that passes as fast as everything in it is done. There are three clocks: the true time,
 * by which hubs go; the monotonic clock of the machine under test, which stands still while that is asleep; and its time of day, which can be
 * put wrong. All that happens is decided by one seed.
 */
public final class VirtualWorld implements AutoCloseable {
    private static final Instant BEGINNING = Instant.parse("2026-01-01T00:00:00Z");
    private static final int MOST_TURNS_AT_ONCE = 100_000;

    private final MockTicker ticker = Ticker.newMockTicker();
    private final Loop loop = new Loop(ticker);
    private final UpstreamRuntime runtime;
    private final Random random;
    private Duration slept = Duration.ZERO;
    private Duration wrong = Duration.ZERO;

    private static final class Loop extends ManualIoEventLoop {
        private Loop(Ticker ticker) {
            super(null, Thread.currentThread(), LocalIoHandler.newFactory(), ticker);
        }

        /** -1 if there is none. */
        private long untilNext() {
            return nextScheduledTaskNano();
        }
    }

    /** Begins with all clocks right. */
    public VirtualWorld(long seed) {
        random = new Random(seed);
        ticker.advance(1, TimeUnit.SECONDS);
        runtime = UpstreamRuntime.builder()
                .eventLoops(loop)
                .callbacks(Runnable::run)
                .build();
        runtime.shared(WallClock.class, () -> new WallClock(this::timeOfDay));
    }

    /** Everything stands on it; its executors other than the loop are not to be used. */
    public UpstreamRuntime runtime() {
        return runtime;
    }

    public ManualIoEventLoop loop() {
        return loop;
    }

    /** Of everything that happens by chance. */
    public Random random() {
        return random;
    }

    /** The machine's monotonic clock. */
    public long nanoTime() {
        return ticker.nanoTime();
    }

    public Instant truth() {
        return BEGINNING.plusNanos(ticker.nanoTime()).plus(slept);
    }

    /** What the machine takes the time for. */
    public Instant timeOfDay() {
        return truth().plus(wrong);
    }

    /** Puts the machine's time of day so far off the truth. */
    public void putClock(Duration offTruth) {
        wrong = offTruth;
    }

    public Duration drawUpTo(Duration most) {
        return Duration.ofNanos((long) (most.toNanos() * random.nextDouble()));
    }

    public boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    public void after(Duration time, Runnable what) {
        loop.schedule(what, time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Again and again, after pauses drawn by chance whose mean is {@code mean}. */
    public void every(Duration mean, Runnable what) {
        double times = -Math.log(1 - random.nextDouble());
        after(Duration.ofNanos((long) (mean.toNanos() * times) + 1), () -> {
            what.run();
            every(mean, what);
        });
    }

    /** True time passes, and nothing here moves. */
    public void sleep(Duration time) {
        slept = slept.plus(time);
    }

    /** Nothing here moves, while all clocks go on: the process was stopped, or the platform's monotonic clock counts sleep. */
    public void freeze(Duration time) {
        ticker.advance(time.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** In how many nanoseconds the next timer is due; -1 if there is none. */
    public long untilNext() {
        return loop.untilNext();
    }

    /** Lets everything happen that is due in so long a time. */
    public void pass(Duration time) {
        long end = ticker.nanoTime() + time.toNanos();
        settle();
        while (ticker.nanoTime() - end < 0) {
            long left = end - ticker.nanoTime();
            long next = loop.untilNext();
            ticker.advance(next < 0 ? left : Math.min(left, Math.max(1, next)), TimeUnit.NANOSECONDS);
            settle();
        }
    }

    /** What is due now, and what follows from it without time passing. */
    public void settle() {
        int turns = 0;
        while (loop.runNow() > 0) {
            if (++turns > MOST_TURNS_AT_ONCE) {
                throw new AssertionError("something goes round without end at " + truth());
            }
        }
    }

    @Override
    public void close() {
        loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        for (int turn = 0; turn < 100 && !loop.isTerminated(); turn++) {
            loop.runNow();
            ticker.advance(1, TimeUnit.SECONDS);
        }
        runtime.close();
    }
}
