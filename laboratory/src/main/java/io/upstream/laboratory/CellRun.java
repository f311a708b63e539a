// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.laboratory.Evidence.Outcome;
import io.upstream.laboratory.Evidence.Probe;
import io.upstream.laboratory.Evidence.Sent;
import io.upstream.laboratory.FaultCase.Trait;
import io.upstream.laboratory.Violation.Invariant;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Plays one cell: opens a session, lets traffic flow, brings the fault about, ends it, waits until all is well, closes everything, and has the
 * evidence looked at.
 */
public final class CellRun {
    private static final Logger LOG = LoggerFactory.getLogger(CellRun.class);
    private static final long WARM_UP_MILLIS = 700;
    private static final long CLOSED_MILLIS = 2_000;
    private static final Duration RECOVERY = Duration.ofSeconds(10);
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private final Cell cell;
    private final long seed;
    private final Path directory;
    private final long begun = System.nanoTime();

    /**
     * A cell that has not begun.
     *
     * @param seedOfRun the cell's own is drawn from it
     * @param directory of the hub's certificate authority; can be shared by cells
     */
    public CellRun(Cell cell, long seedOfRun, Path directory) {
        this.cell = cell;
        this.seed = cell.seed(seedOfRun);
        this.directory = directory;
    }

    /** Plays it on a thread in a group of its own, whose threads are counted afterwards. */
    public Verdict run() throws InterruptedException {
        AtomicReference<@Nullable Verdict> verdict = new AtomicReference<>();
        CountDownLatch done = new CountDownLatch(1);
        Thread thread = new Thread(
                new ThreadGroup(cell.id()),
                () -> {
                    try {
                        verdict.set(play());
                    } finally {
                        done.countDown();
                    }
                },
                "laboratory " + cell.id());
        thread.setDaemon(true);
        thread.start();
        if (!done.await(LIMIT.toSeconds(), TimeUnit.SECONDS)) {
            List<String> trace = new ArrayList<>();
            for (StackTraceElement each : thread.getStackTrace()) {
                trace.add(each.toString());
            }
            thread.interrupt();
            return broken("not over after " + LIMIT.toSeconds() + " s, at " + trace);
        }
        Verdict given = verdict.get();
        return given == null ? broken("ended without a verdict") : given;
    }

    private Verdict broken(String why) {
        return new Verdict(
                cell, seed, 0, 0, 0, 0, 0, 0, Map.of(), -1, millis(), List.of(new Violation(Invariant.LAB, why)));
    }

    private long millis() {
        return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    }

    private Verdict play() {
        try (Scene scene = Scene.of(cell.column(), cell.fault().traits(), seed, directory)) {
            return play(scene);
        } catch (Exception e) {
            LOG.warn("cell {} with seed {} could not be played", cell, seed, e);
            return broken(e.toString());
        }
    }

    private Verdict play(Scene scene) throws Exception {
        boolean comesBack = !cell.fault().has(Trait.FINAL);
        Watched watched = scene.open();
        Journal journal = watched.journal();
        watched.traffic().start(1);
        scene.pass(WARM_UP_MILLIS);
        try {
            cell.fault().script().play(scene);
        } finally {
            scene.heal();
        }
        long healed = journal.now();
        long recovered = comesBack ? journal.awaitAcknowledged(healed, RECOVERY.toMillis()) : -1;
        List<Probe> probes = comesBack && recovered >= 0 ? new Probes(scene, watched).after(cell.fault()) : List.of();
        watched.traffic().stop();
        journal.await(() -> journal.pending() == 0, Scene.OPERATION_TIMEOUT.toMillis() + 2 * Checker.GRACE_MILLIS);
        if (comesBack) {
            watched.awaitDowns(RECOVERY.toMillis());
        }
        Evidence.Left left = scene.closeClient(Scene.Threads.OF_THIS_SCENE);
        watched.awaitClosed(CLOSED_MILLIS);
        Evidence.Terms terms = new Evidence.Terms(
                Scene.OPERATION_TIMEOUT,
                comesBack ? RECOVERY : null,
                cell.fault().mayFail());
        return verdict(watched.evidence(probes, recovered < 0 ? -1 : recovered - healed, left, terms));
    }

    private Verdict verdict(Evidence evidence) {
        List<Sent> sent = evidence.sent();
        long first = new HashSet<>(evidence.received()).size();
        return new Verdict(
                cell,
                seed,
                sent.size(),
                sent.stream().filter(each -> each.outcome() == Outcome.ACKED).count(),
                sent.stream().filter(each -> each.outcome() == Outcome.FAILED).count(),
                evidence.received().size(),
                evidence.received().size() - first,
                evidence.statuses().stream()
                        .filter(each -> each.phase() == Phase.RECONNECTING)
                        .count(),
                causes(evidence),
                evidence.recoveryMillis(),
                millis(),
                Checker.check(evidence));
    }

    private static Map<FailureKind, Integer> causes(Evidence evidence) {
        Map<FailureKind, Integer> causes = new EnumMap<>(FailureKind.class);
        for (Evidence.Told each : evidence.statuses()) {
            if (each.cause() != null) {
                causes.merge(each.cause(), 1, Integer::sum);
            }
        }
        return causes;
    }
}
