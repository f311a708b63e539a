// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.laboratory.Evidence.Outcome;
import io.upstream.laboratory.FaultCase.Trait;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/** Eight scenes, one for each column, with sessions that live from the round's beginning to its end. Confined to one thread, but for its strikers. */
final class SoakRound implements AutoCloseable {
    private final Path directory;
    private final Set<Trait> traits;
    private final RandomGenerator random;
    private final Map<Scene, List<Watched>> scenes = new LinkedHashMap<>();
    private long sent;
    private long acked;
    private long doubles;
    private long losses;

    SoakRound(Path directory, Set<Trait> traits, RandomGenerator random) {
        this.directory = directory;
        this.traits = traits;
        this.random = random;
    }

    /** As many sessions on each column as on any other, give or take one. */
    void open(int identities, int pace, int rate) throws Exception {
        List<Column> columns = Column.all();
        for (int i = 0; i < columns.size(); i++) {
            Scene scene = Scene.of(columns.get(i), traits, random.nextLong(), directory);
            List<Watched> watched = new ArrayList<>();
            scenes.put(scene, watched);
            watched.add(scene.open());
            for (int n = columns.size() + i; n < identities; n += columns.size()) {
                watched.add(scene.open("device-" + n));
            }
            watched.forEach(each -> each.traffic().start(pace, rate));
        }
    }

    /** One of {@code count} that share the columns. */
    Striker striker(int index, int count, RandomGenerator chance) {
        List<Scene> all = List.copyOf(scenes.keySet());
        List<Scene> mine = new ArrayList<>();
        for (int i = index; i < all.size(); i += count) {
            mine.add(all.get(i));
        }
        return new Striker(mine, chance);
    }

    /** Does faults to some of the columns. Confined to one thread. */
    final class Striker {
        private final List<Scene> mine;
        private final RandomGenerator chance;

        private Striker(List<Scene> mine, RandomGenerator chance) {
            this.mine = mine;
            this.chance = chance;
        }

        RandomGenerator random() {
            return chance;
        }

        /** Plays a fault that suits a column, both by chance, and waits until all sessions of the column are back. */
        Soak.Strike strike(double atSeconds, Duration recovery, List<Violation> violations) throws Exception {
            Scene scene = mine.get(chance.nextInt(mine.size()));
            List<FaultCase> possible = Arrays.stream(FaultCase.values())
                    .filter(fault -> fault.applies(scene.column()) && traits.containsAll(fault.traits()))
                    .toList();
            FaultCase fault = possible.get(chance.nextInt(possible.size()));
            try {
                fault.script().play(scene);
            } finally {
                scene.heal();
            }
            long slowest = 0;
            for (Watched each : scenes.getOrDefault(scene, List.of())) {
                long healed = each.journal().now();
                long back = each.journal().awaitAcknowledged(healed, recovery.toMillis());
                if (back < 0) {
                    violations.add(new Violation(
                            Violation.Invariant.I8,
                            fault + "/" + scene.column() + ": " + each.device() + " is not back within "
                                    + recovery.toMillis() + " ms"));
                    return new Soak.Strike(atSeconds, fault, scene.column(), -1);
                }
                slowest = Math.max(slowest, back - healed);
            }
            return new Soak.Strike(atSeconds, fault, scene.column(), slowest);
        }
    }

    /** Closes everything and looks at the evidence of every session. */
    List<Violation> end(Duration recovery, Set<FailureKind> mayFail) throws Exception {
        List<Violation> violations = new ArrayList<>();
        for (List<Watched> each : scenes.values()) {
            each.forEach(watched -> watched.traffic().pause());
        }
        for (Map.Entry<Scene, List<Watched>> each : scenes.entrySet()) {
            for (Watched watched : each.getValue()) {
                watched.traffic().stop();
                Journal journal = watched.journal();
                journal.await(() -> journal.pending() == 0, Scene.OPERATION_TIMEOUT.toMillis() + 2_000);
                watched.awaitDowns(recovery.toMillis());
            }
            Evidence.Left left = each.getKey().closeClient(Scene.Threads.OF_OTHERS_TOO);
            for (Watched watched : each.getValue()) {
                watched.awaitClosed(2_000);
                look(each.getKey(), watched, left, recovery, mayFail, violations);
            }
        }
        violations.addAll(leftThreads());
        return violations;
    }

    private void look(
            Scene scene,
            Watched watched,
            Evidence.Left left,
            Duration recovery,
            Set<FailureKind> mayFail,
            List<Violation> violations) {
        Evidence evidence =
                watched.evidence(List.of(), 0, left, new Evidence.Terms(Scene.OPERATION_TIMEOUT, recovery, mayFail));
        sent += evidence.sent().size();
        acked += evidence.sent().stream()
                .filter(each -> each.outcome() == Outcome.ACKED)
                .count();
        losses += watched.session().statistics().connecting().losses();
        doubles += evidence.received().size() - new HashSet<>(evidence.received()).size();
        for (Violation each : Checker.check(evidence)) {
            violations.add(
                    new Violation(each.invariant(), scene.column() + " " + watched.device() + ": " + each.text()));
        }
    }

    private static List<Violation> leftThreads() throws Exception {
        List<String> threads = Leftovers.of(0).threads();
        return threads.isEmpty()
                ? List.of()
                : List.of(new Violation(Violation.Invariant.I10, "threads after everything was closed: " + threads));
    }

    long sent() {
        return sent;
    }

    long acked() {
        return acked;
    }

    long doubles() {
        return doubles;
    }

    long losses() {
        return losses;
    }

    /** While the round goes on. */
    long ackedSoFar() {
        return scenes.values().stream()
                .flatMap(List::stream)
                .mapToLong(each -> each.journal().acked())
                .sum();
    }

    @Override
    public void close() {
        scenes.keySet().forEach(Scene::close);
    }
}
