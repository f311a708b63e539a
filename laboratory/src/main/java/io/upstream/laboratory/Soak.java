// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.laboratory.FaultCase.Trait;
import io.upstream.laboratory.Violation.Invariant;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Mixed traffic of many identities over all eight columns for a long time, with a fault of the matrix on one of the columns every now and then.
 * It goes in rounds: at the end of each everything is closed, looked at by the {@link Checker}, and the heap is measured, when nothing but what
 * was forgotten is on it.
 */
public final class Soak {
    private static final Logger LOG = LoggerFactory.getLogger(Soak.class);
    private static final Set<Trait> TRAITS = EnumSet.of(Trait.DECRYPTED);
    private static final Duration RECOVERY = Duration.ofSeconds(20);
    private static final int PACE = 10;

    /** Between rounds; a round's sessions alone, were one forgotten with what it has sent, are more. */
    private static final long MORE_HEAP = 8 << 20;

    /** What the platform makes and ends as it likes. */
    private static final int MORE_THREADS = 4;

    private static final int MORE_DESCRIPTORS = 8;
    private static final int LOOK_MILLIS = 100;
    private static final Duration SETTLING = Duration.ofSeconds(6);

    private final Plan plan;
    private final Path directory;
    private final Consumer<Interval> told;
    private final SplittableRandom random;
    private final long begun = System.nanoTime();
    private long acked;

    /**
     * What to do.
     *
     * @param whole altogether; the last round is shorter
     * @param round how long sessions live
     * @param identities over all columns, at least 8
     * @param rate messages of each identity in a second, 1 to 10,000, as long as the hub keeps up
     * @param atOnce how many of the columns are struck at the same time, 1 to 8
     * @param least between the faults of a column that is struck and the next one
     * @param most between them
     */
    public record Plan(
            Extent whole,
            Extent round,
            int identities,
            int rate,
            int atOnce,
            Duration least,
            Duration most,
            long seed) {}

    /** An end: so much time, or so many acknowledged messages, whichever comes first. */
    public record Extent(Duration time, long messages) {
        /** No number of messages ends it. */
        public static Extent of(Duration time) {
            return new Extent(time, Long.MAX_VALUE);
        }

        boolean isReached(double seconds, long acked) {
            return seconds >= time.toMillis() / 1e3 || acked >= messages;
        }
    }

    /** A fault on a column, and when; {@code recoveryMillis} of the slowest session there, -1 if one did not come back. */
    public record Strike(double atSeconds, FaultCase fault, Column column, long recoveryMillis) {}

    /**
     * A round.
     *
     * @param cancelled by the application, which is one of the faults
     * @param failures how those failed that were neither acknowledged nor cancelled
     * @param losses how many connections ended without a plan
     * @param heapBytes after collections, when everything was closed and what was written down is forgotten
     * @param threads of the process
     * @param descriptors -1 where they cannot be seen
     */
    public record Interval(
            double endSeconds,
            long sent,
            long acked,
            long cancelled,
            Map<FailureKind, Long> failures,
            long doubles,
            long losses,
            long heapBytes,
            int threads,
            int descriptors,
            List<Strike> strikes,
            List<Violation> violations) {

        /** With what has grown since a round whose end was like this one's. */
        Interval comparedWith(Interval first) {
            List<Violation> all = new ArrayList<>(violations);
            grown("bytes of heap", heapBytes - first.heapBytes, MORE_HEAP, all);
            grown("threads", threads - first.threads, MORE_THREADS, all);
            grown("descriptors", descriptors - first.descriptors, MORE_DESCRIPTORS, all);
            return new Interval(
                    endSeconds,
                    sent,
                    acked,
                    cancelled,
                    failures,
                    doubles,
                    losses,
                    heapBytes,
                    threads,
                    descriptors,
                    strikes,
                    List.copyOf(all));
        }

        private static void grown(String what, long more, long margin, List<Violation> found) {
            if (more > margin) {
                found.add(new Violation(Invariant.I10, more + " more " + what + " than after the first round"));
            }
        }
    }

    /**
     * A soak that has not begun.
     *
     * @param directory of the hubs' certificate authority
     * @param told each round as it ends
     */
    public Soak(Plan plan, Path directory, Consumer<Interval> told) {
        this.plan = plan;
        this.directory = directory;
        this.told = told;
        random = new SplittableRandom(plan.seed());
    }

    /** Returns when the end is reached; the last round's end takes some seconds more. */
    public List<Interval> run() throws IOException, InterruptedException {
        IotHubEmulator.builder().directory(directory).start().close();
        List<Interval> intervals = new ArrayList<>();
        while (!plan.whole().isReached(seconds(), acked)) {
            Interval interval = inGroup();
            acked += interval.acked();
            interval = intervals.isEmpty() ? interval : interval.comparedWith(intervals.get(0));
            intervals.add(interval);
            told.accept(interval);
            if (interval.acked() == 0) {
                break; // nothing works, and the next round would not either
            }
        }
        return intervals;
    }

    private double seconds() {
        return (System.nanoTime() - begun) / 1e9;
    }

    /** On a thread in a group of its own, whose threads are counted afterwards. */
    private Interval inGroup() throws InterruptedException {
        AtomicReference<@Nullable Interval> given = new AtomicReference<>();
        Thread thread = new Thread(new ThreadGroup("soak"), () -> given.set(round()), "laboratory soak");
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            thread.interrupt();
            throw e;
        }
        Interval interval = given.get();
        if (interval == null) {
            throw new IllegalStateException("a round of the soak ended without a word, see the log");
        }
        return interval;
    }

    private Interval round() {
        SoakRound round = new SoakRound(directory, TRAITS, random);
        List<Violation> violations = Collections.synchronizedList(new ArrayList<>());
        List<Strike> strikes = Collections.synchronizedList(new ArrayList<>());
        try (round) {
            round.open(plan.identities(), PACE, plan.rate());
            double start = seconds();
            strike(round, start, strikes, violations);
            violations.addAll(round.end(RECOVERY));
        } catch (Exception | Error e) {
            LOG.warn("a round could not be played", e);
            violations.add(new Violation(Invariant.LAB, e.toString()));
        }
        return interval(round, strikes, violations);
    }

    /** Has columns struck until the round is over; each of the threads has columns of its own. */
    private void strike(SoakRound round, double start, List<Strike> strikes, List<Violation> violations)
            throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < plan.atOnce(); i++) {
            SoakRound.Striker striker = round.striker(i, plan.atOnce(), random.split());
            threads.add(new Thread(
                    () -> {
                        try {
                            while (pause(round, start, striker.random())) {
                                strikes.add(striker.strike(seconds(), RECOVERY, violations));
                            }
                        } catch (Exception | Error e) {
                            LOG.warn("a striker gives up", e);
                            violations.add(new Violation(Invariant.LAB, e.toString()));
                        }
                    },
                    "laboratory striker " + i));
        }
        threads.forEach(Thread::start);
        try {
            for (Thread each : threads) {
                each.join();
            }
        } catch (InterruptedException e) {
            threads.forEach(Thread::interrupt);
            throw e;
        }
    }

    private Interval interval(SoakRound round, List<Strike> strikes, List<Violation> violations) {
        long heap = leastHeap();
        return new Interval(
                seconds(),
                round.sent(),
                round.acked(),
                round.cancelled(),
                round.failures(),
                round.doubles(),
                round.losses(),
                heap,
                ManagementFactory.getThreadMXBean().getThreadCount(),
                Leftovers.descriptors(),
                List.copyOf(strikes),
                List.copyOf(violations));
    }

    /** In use after collections, the least that is seen for a while: a hub's event loops end some seconds after it is closed, and hold it until then. */
    private static long leastHeap() {
        Runtime runtime = Runtime.getRuntime();
        long least = Long.MAX_VALUE;
        long end = System.nanoTime() + SETTLING.toNanos();
        while (System.nanoTime() - end < 0) {
            System.gc();
            least = Math.min(least, runtime.totalMemory() - runtime.freeMemory());
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5 * LOOK_MILLIS));
        }
        return least;
    }

    /** Waits for the next fault; false if the round is over before. */
    private boolean pause(SoakRound round, double start, RandomGenerator chance) throws InterruptedException {
        long most = plan.most().toMillis();
        long least = plan.least().toMillis();
        double next = seconds() + (least + chance.nextLong(Math.max(1, most - least))) / 1e3;
        while (!isOver(round, start)) {
            if (seconds() >= next) {
                return true;
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        return false;
    }

    private boolean isOver(SoakRound round, double start) {
        long came = round.ackedSoFar();
        return plan.round().isReached(seconds() - start, came) || plan.whole().isReached(seconds(), acked + came);
    }
}
