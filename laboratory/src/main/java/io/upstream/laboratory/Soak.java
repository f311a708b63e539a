// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.laboratory.FaultCase.Trait;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Mixed traffic of many identities over all eight columns for a long time, with a fault of the matrix on one of the columns every now and then.
 * It goes in rounds: at the end of each everything is closed, looked at by the {@link Checker}, and the heap is measured, when nothing but what
 * was forgotten is on it.
 */
public final class Soak {
    private static final Set<FailureKind> MAY_FAIL =
            EnumSet.of(FailureKind.THROTTLED, FailureKind.QUOTA, FailureKind.UNAUTHORIZED, FailureKind.DEVICE_DISABLED);

    private static final Set<Trait> TRAITS = EnumSet.of(Trait.DECRYPTED);
    private static final Duration RECOVERY = Duration.ofSeconds(20);
    private static final int PACE = 10;

    private final Plan plan;
    private final Path directory;
    private final Consumer<Interval> told;
    private final RandomGenerator random;
    private final long begun = System.nanoTime();

    /**
     * What to do.
     *
     * @param length altogether; the last round is shorter
     * @param round how long sessions live
     * @param identities over all columns, at least 8
     * @param least between faults
     * @param most between faults
     */
    public record Plan(Duration length, Duration round, int identities, Duration least, Duration most, long seed) {}

    /** A fault on a column, and when; {@code recoveryMillis} of the slowest session there, -1 if one did not come back. */
    public record Strike(double atSeconds, FaultCase fault, Column column, long recoveryMillis) {}

    /**
     * A round.
     *
     * @param heapBytes after two collections, when everything was closed
     * @param descriptors -1 where they cannot be seen
     */
    public record Interval(
            double endSeconds,
            long sent,
            long acked,
            long doubles,
            long heapBytes,
            int threads,
            int descriptors,
            List<Strike> strikes,
            List<Violation> violations) {}

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

    /** Returns when the time is over; the last round's end takes some seconds more. */
    public List<Interval> run() throws IOException, InterruptedException {
        IotHubEmulator.builder().directory(directory).start().close();
        List<Interval> intervals = new ArrayList<>();
        while (seconds() < plan.length().toSeconds()) {
            Interval interval = inGroup();
            intervals.add(interval);
            told.accept(interval);
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
        List<Violation> violations = new ArrayList<>();
        List<Strike> strikes = new ArrayList<>();
        try (round) {
            round.open(plan.identities(), PACE);
            double end = Math.min(
                    (double) plan.length().toSeconds(), seconds() + plan.round().toSeconds());
            while (pause(end)) {
                strikes.add(round.strike(seconds(), RECOVERY, violations));
            }
            violations.addAll(round.end(RECOVERY, MAY_FAIL));
        } catch (Exception e) {
            violations.add(new Violation(Violation.Invariant.LAB, e.toString()));
        }
        return interval(round, strikes, violations);
    }

    private Interval interval(SoakRound round, List<Strike> strikes, List<Violation> violations) {
        Runtime runtime = Runtime.getRuntime();
        System.gc();
        System.gc();
        return new Interval(
                seconds(),
                round.sent(),
                round.acked(),
                round.doubles(),
                runtime.totalMemory() - runtime.freeMemory(),
                Thread.activeCount(),
                Leftovers.descriptors(),
                strikes,
                violations);
    }

    /** Waits for the next fault; false if there is no more time for one. */
    private boolean pause(double end) throws InterruptedException {
        long most = plan.most().toMillis();
        long least = plan.least().toMillis();
        long millis = least + random.nextLong(Math.max(1, most - least));
        double left = end - seconds();
        boolean fits = left * 1_000 > millis;
        TimeUnit.MILLISECONDS.sleep(fits ? millis : Math.max(0, (long) (left * 1_000)));
        return fits;
    }
}
