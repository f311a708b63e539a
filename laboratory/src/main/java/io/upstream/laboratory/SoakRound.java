// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.laboratory.Evidence.Outcome;
import io.upstream.laboratory.Evidence.Probe;
import io.upstream.laboratory.FaultCase.Trait;
import io.upstream.laboratory.Violation.Invariant;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** Eight scenes, one for each column, with sessions that live from the round's beginning to its end. Confined to one thread, but for its strikers. */
final class SoakRound implements AutoCloseable {
    private final Path directory;
    private final Set<Trait> traits;
    private final RandomGenerator random;
    private final Map<Scene, List<Watched>> scenes = new LinkedHashMap<>();
    /** How messages of the first session of each may fail, after what was done to it. */
    private final Map<Scene, Set<FailureKind>> mayFail = new ConcurrentHashMap<>();

    private final Map<FailureKind, Long> failures = new EnumMap<>(FailureKind.class);
    private volatile long ackedWhileOpening;
    private long sent;
    private long acked;
    private long cancelled;
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
        ackedWhileOpening = ackedSoFar();
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
            String where = fault + "/" + scene.column();
            mayFail.merge(scene, fault.mayFail(), SoakRound::both);
            try {
                fault.script().play(scene);
            } finally {
                scene.heal();
            }
            List<Watched> all = scenes.getOrDefault(scene, List.of());
            long[] back = comeBack(all, recovery);
            for (int i = 0; i < back.length; i++) {
                if (back[i] < 0) {
                    violations.add(new Violation(
                            Invariant.I8, notBack(where + " " + all.get(i).device(), recovery)));
                }
            }
            for (String each : scene.dismissVisitors()) {
                violations.add(new Violation(Invariant.I1, where + " " + each));
            }
            boolean allBack = Arrays.stream(back).allMatch(each -> each >= 0);
            long slowest = Arrays.stream(back).max().orElse(0);
            return new Soak.Strike(atSeconds, fault, scene.column(), allBack ? slowest : -1);
        }
    }

    private static Set<FailureKind> both(Set<FailureKind> one, Set<FailureKind> other) {
        Set<FailureKind> all = EnumSet.noneOf(FailureKind.class);
        all.addAll(one);
        all.addAll(other);
        return all;
    }

    /** After how many milliseconds from now a message is acknowledged that is sent from now on, for each; -1 if none is within the limit. */
    private static long[] comeBack(List<Watched> all, Duration limit) throws InterruptedException {
        long begun = System.nanoTime();
        long[] from = all.stream().mapToLong(each -> each.journal().now()).toArray();
        long[] back = new long[from.length];
        for (int i = 0; i < from.length; i++) {
            long left = limit.toMillis() - TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
            long at = all.get(i).journal().awaitAcknowledged(from[i], Math.max(0, left));
            back[i] = at < 0 ? -1 : at - from[i];
        }
        return back;
    }

    private static String notBack(String who, Duration limit) {
        return who + " is not back within " + limit.toMillis() + " ms";
    }

    /** Has every session show that it still does everything, closes it, and looks at the evidence. */
    List<Violation> end(Duration recovery) throws Exception {
        List<Watched> all = scenes.values().stream().flatMap(List::stream).toList();
        long[] back = comeBack(all, recovery);
        all.forEach(each -> each.traffic().pause());
        List<Violation> violations = new ArrayList<>();
        int at = 0;
        for (Map.Entry<Scene, List<Watched>> each : scenes.entrySet()) {
            List<List<Probe>> probes = new ArrayList<>();
            for (Watched watched : each.getValue()) {
                probes.add(finish(each.getKey(), watched, recovery));
            }
            Evidence.Left left = each.getKey().closeClient(Scene.Threads.OF_OTHERS_TOO);
            for (int i = 0; i < probes.size(); i++) {
                Watched watched = each.getValue().get(i);
                watched.awaitClosed(2_000);
                Set<FailureKind> known = i == 0 ? mayFail.getOrDefault(each.getKey(), Set.of()) : Set.of();
                Evidence.Terms terms = new Evidence.Terms(Scene.OPERATION_TIMEOUT, recovery, known);
                String who = each.getKey().column() + " " + watched.device();
                look(who, watched.evidence(probes.get(i), back[at++], left, terms), violations);
                losses += watched.session().statistics().connecting().losses();
            }
        }
        violations.addAll(leftThreads());
        return violations;
    }

    private static List<Probe> finish(Scene scene, Watched watched, Duration limit) throws InterruptedException {
        Journal journal = watched.journal();
        journal.await(() -> journal.pending() == 0, Scene.OPERATION_TIMEOUT.toMillis() + 2_000);
        List<Probe> probes = new Probes(scene, watched).everyday();
        watched.traffic().stop();
        watched.awaitDowns(limit.toMillis());
        return probes;
    }

    private void look(String who, Evidence evidence, List<Violation> violations) {
        sent += evidence.sent().size();
        for (Evidence.Sent each : evidence.sent()) {
            FailureKind failure = each.failure();
            acked += each.outcome() == Outcome.ACKED ? 1 : 0;
            cancelled += each.outcome() == Outcome.CANCELLED ? 1 : 0;
            if (failure != null) {
                failures.merge(failure, 1L, Long::sum);
            }
        }
        doubles += evidence.received().size() - new HashSet<>(evidence.received()).size();
        for (Violation each : Checker.check(evidence)) {
            violations.add(new Violation(each.invariant(), who + ": " + each.text()));
        }
    }

    private static List<Violation> leftThreads() throws Exception {
        List<String> threads = Leftovers.of(0).threads();
        return threads.isEmpty()
                ? List.of()
                : List.of(new Violation(Invariant.I10, "threads after everything was closed: " + threads));
    }

    long sent() {
        return sent;
    }

    long acked() {
        return acked;
    }

    long cancelled() {
        return cancelled;
    }

    /** How those failed that did. */
    Map<FailureKind, Long> failures() {
        return Map.copyOf(failures);
    }

    long doubles() {
        return doubles;
    }

    long losses() {
        return losses;
    }

    /** While the round goes on, since all sessions are open. */
    long ackedSoFar() {
        long all = scenes.values().stream()
                .flatMap(List::stream)
                .mapToLong(each -> each.journal().acked())
                .sum();
        return all - ackedWhileOpening;
    }

    @Override
    public void close() {
        scenes.keySet().forEach(Scene::close);
        scenes.clear(); // what they wrote down is not to be counted as forgotten
        mayFail.clear();
    }
}
