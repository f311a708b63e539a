// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.netty.util.ResourceLeakDetector;
import io.upstream.SessionStatistics;
import io.upstream.UpstreamSession;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.laboratory.Violation.Invariant;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Connections that die by the thousand, one way after the other, under a session that stays open; and sessions that are opened and closed by the
 * thousand. What the process holds is counted before and after.
 */
public final class Reconnects {
    /** What heaps differ by without a cause: the JVM's own tables, the sizes of pools. */
    static final long HEAP_MARGIN = 1 << 20;

    private static final long PATIENCE_MILLIS = 15_000;
    private static final Death[] DEATHS = Death.values();

    private final Plan plan;
    private final Path directory;
    private final Consumer<Result> told;
    private final Consumer<String> progress;

    /**
     * What to do.
     *
     * @param reconnects on each column
     * @param opens of whole sessions on each column; may be 0
     * @param warmUp so many of each come first, before anything is counted
     * @param rest then, for what ends by itself: idle threads stay for 5 s
     */
    public record Plan(List<Column> columns, int reconnects, int opens, int warmUp, Duration rest, long seed) {}

    /** What is done again and again. */
    public enum Kind {
        /** The connection of an open session dies, and it comes back. */
        RECONNECTS,
        /** A session is opened, used and closed. */
        OPENS
    }

    /**
     * Of one kind on one column.
     *
     * @param before when the warm-up was over
     * @param after the same way, with the session open or without one
     */
    public record Result(
            Column column,
            Kind kind,
            int cycles,
            double seconds,
            Census before,
            Census after,
            List<Violation> violations) {
        public boolean isGood() {
            return violations.isEmpty();
        }
    }

    /**
     * Nothing has begun yet.
     *
     * @param directory of the hubs' certificate authority
     * @param told each result as it comes
     * @param progress some words now and then
     */
    public Reconnects(Plan plan, Path directory, Consumer<Result> told, Consumer<String> progress) {
        this.plan = plan;
        this.directory = directory;
        this.told = told;
        this.progress = progress;
    }

    /** Does it, one column after the other; what this process holds otherwise should not change meanwhile. */
    public List<Result> run() throws IOException, InterruptedException {
        ResourceLeakDetector.Level level = NettyState.watchAll();
        try {
            IotHubEmulator.builder().directory(directory).start().close();
            List<Result> results = new ArrayList<>();
            for (Column column : plan.columns()) {
                results.addAll(inGroup(column));
            }
            return results;
        } finally {
            ResourceLeakDetector.setLevel(level);
        }
    }

    /** On a thread in a group of its own, whose threads are counted afterwards. */
    private List<Result> inGroup(Column column) throws InterruptedException {
        AtomicReference<@Nullable List<Result>> given = new AtomicReference<>();
        Thread thread = new Thread(
                new ThreadGroup("reconnects " + column),
                () -> given.set(new Run(column).all()),
                "laboratory reconnects " + column);
        thread.start();
        try {
            thread.join();
        } catch (InterruptedException e) {
            thread.interrupt();
            throw e;
        }
        List<Result> results = given.get();
        if (results == null) {
            throw new IllegalStateException(column + " ended without a word, see the log");
        }
        return results;
    }

    @FunctionalInterface
    private interface Cycle {
        void perform(int number) throws Exception;
    }

    /** One column, on its thread. */
    private final class Run {
        private final Column column;
        private final List<Result> results = new ArrayList<>();
        private final long leaks = NettyState.leaks();

        Run(Column column) {
            this.column = column;
        }

        List<Result> all() {
            RandomGenerator seeds =
                    new SplittableRandom(plan.seed() + column.toString().hashCode());
            try (ReconnectScene scene = ReconnectScene.of(column, seeds.nextLong(), directory)) {
                if (plan.opens() > 0) {
                    keep(measured(scene, Kind.OPENS, plan.opens(), number -> scene.visit()));
                }
                keep(reconnects(scene));
            } catch (Exception e) {
                keep(failed(e));
            }
            return results;
        }

        private void keep(Result result) {
            results.add(result);
            told.accept(result);
        }

        private Result failed(Exception e) {
            Census nothing = new Census(0, 0, 0, 0, 0, 0, 0);
            Violation violation = new Violation(Invariant.LAB, e.toString());
            return new Result(column, Kind.RECONNECTS, 0, 0, nothing, nothing, List.of(violation));
        }

        private Result reconnects(ReconnectScene scene) throws Exception {
            Comings comings = new Comings();
            UpstreamSession session = scene.open(comings);
            Result result = measured(
                    scene,
                    Kind.RECONNECTS,
                    plan.reconnects(),
                    number -> scene.kill(session, comings, DEATHS[number % DEATHS.length]));
            List<Violation> violations = new ArrayList<>(result.violations());
            if (violations.isEmpty()) {
                counted(session.statistics().connecting(), violations);
            }
            Evidence.Left left = scene.closeClient();
            if (!left.equals(Evidence.Left.NOTHING)) {
                violations.add(new Violation(Invariant.I10, "closed, and there are " + left));
            }
            if (NettyState.leaks() > leaks) {
                violations.add(new Violation(
                        Invariant.I10, NettyState.leaks() - leaks + " buffers were never released, see the log"));
            }
            return new Result(
                    column,
                    result.kind(),
                    result.cycles(),
                    result.seconds(),
                    result.before(),
                    result.after(),
                    violations);
        }

        private void counted(SessionStatistics.Connecting counted, List<Violation> violations) {
            int cycles = plan.warmUp() + plan.reconnects();
            if (counted.losses() != cycles || counted.reconnects() != cycles) {
                violations.add(new Violation(
                        Invariant.I9,
                        "the connection died " + cycles + " times, counted are " + counted.losses() + " losses and "
                                + counted.reconnects() + " reconnects"));
            }
        }

        private Result measured(ReconnectScene scene, Kind kind, int cycles, Cycle cycle) throws Exception {
            List<Violation> violations = new ArrayList<>();
            repeat(kind, plan.warmUp(), cycle);
            Set<Thread> threads = Set.copyOf(Thread.getAllStackTraces().keySet());
            Census before =
                    Census.settled(scene.loops(), census -> false, plan.rest().toMillis());
            long begun = System.nanoTime();
            int done = 0;
            try {
                done = repeat(kind, cycles, cycle);
            } catch (CycleException e) {
                done = e.number;
                violations.add(new Violation(Invariant.I8, String.valueOf(e.getMessage())));
            }
            double seconds = (System.nanoTime() - begun) / 1e9;
            Census after =
                    Census.settled(scene.loops(), census -> census.isWithin(before, HEAP_MARGIN), PATIENCE_MILLIS);
            String excess = after.excess(before, HEAP_MARGIN);
            if (!excess.isEmpty()) {
                violations.add(new Violation(
                        Invariant.I10, "after " + done + " " + excess + "; threads that are new: " + since(threads)));
            }
            return new Result(column, kind, done, seconds, before, after, violations);
        }

        private List<String> since(Set<Thread> before) {
            return Thread.getAllStackTraces().keySet().stream()
                    .filter(thread -> !before.contains(thread))
                    .map(Thread::getName)
                    .toList();
        }

        private int repeat(Kind kind, int cycles, Cycle cycle) throws CycleException, InterruptedException {
            for (int i = 0; i < cycles; i++) {
                try {
                    cycle.perform(i);
                } catch (InterruptedException e) {
                    throw e;
                } catch (Exception e) {
                    throw new CycleException(i, kind, e);
                }
                if (i % 100 == 0) {
                    progress.accept(column + ": " + i + " of " + cycles + " " + kind);
                }
            }
            return cycles;
        }
    }

    private static final class CycleException extends Exception {
        private static final long serialVersionUID = 1;

        private final int number;

        CycleException(int number, Kind kind, Exception cause) {
            super(
                    "number " + number
                            + (kind == Kind.RECONNECTS ? " (" + DEATHS[number % DEATHS.length] + ")" : "") + ": "
                            + cause,
                    cause);
            this.number = number;
        }
    }
}
