// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Runs contests. A client that fails is out of its contest and its row says why; the others go on. */
final class Comparison {
    private final Libraries libraries;
    private final Path directory;
    private final Pace pace;
    private final Consumer<String> progress;
    private String sinkTls = "";

    Comparison(Libraries libraries, Path directory, Pace pace, Consumer<String> progress) {
        this.libraries = libraries;
        this.directory = directory;
        this.pace = pace;
        this.progress = progress;
    }

    /** Which TLS the sinks used; empty before the first. */
    String sinkTls() {
        return sinkTls;
    }

    /** One row for each client and window, in the order of the contest. */
    List<Row> run(Contest contest) throws IOException {
        try (Arena arena = newArena(contest)) {
            Map<String, Entrant> entrants = new LinkedHashMap<>();
            for (String client : contest.clients()) {
                if (pace.takesPart(client)) {
                    progress.accept(contest.id() + ": " + client + " warms up");
                    entrants.put(client, new Entrant(arena, contest, client));
                }
            }
            List<Integer> windows =
                    contest.windows().stream().filter(pace::takesPart).toList();
            for (int round = 1; round <= pace.rounds(); round++) {
                for (int window : windows) {
                    for (Entrant entrant : entrants.values()) {
                        progress.accept(contest.id() + ": round " + round + " of " + pace.rounds() + ", window "
                                + window + ", " + entrant.client);
                        entrant.round(window);
                    }
                }
            }
            List<Row> rows = new ArrayList<>();
            for (int window : windows) {
                entrants.values().forEach(entrant -> rows.add(entrant.row(window)));
            }
            return rows;
        }
    }

    /** One row for each client. */
    List<IdleRow> runIdle(Contest contest) throws IOException {
        List<IdleRow> rows = new ArrayList<>();
        try (Arena arena = newArena(contest)) {
            for (String client : contest.clients()) {
                int identities = pace.identities(client);
                progress.accept(contest.id() + ": " + identities + " of " + client);
                rows.add(idle(arena, contest, client, identities));
            }
        }
        return rows;
    }

    private Arena newArena(Contest contest) throws IOException {
        Arena arena = new Arena(libraries, Files.createTempDirectory(directory, contest.id()));
        sinkTls = arena.tls();
        return arena;
    }

    private static IdleRow idle(Arena arena, Contest contest, String client, int identities) {
        try (ForkedJvm jvm = arena.client(contest, client)) {
            JsonNode cost = arena.idle(jvm, identities);
            double kib = cost.path("heapBytes").asDouble() / identities / 1_024;
            return new IdleRow(
                    contest, client, identities, kib, cost.path("threads").asDouble() / identities, "");
        } catch (IOException e) {
            return new IdleRow(contest, client, identities, Double.NaN, Double.NaN, String.valueOf(e.getMessage()));
        }
    }

    /** A client in a contest, until it fails. */
    private final class Entrant {
        private final Arena arena;
        private final Contest contest;
        private final String client;
        private final Map<Integer, List<Round>> rounds = new LinkedHashMap<>();
        private String failure = "";
        private ForkedJvm jvm;

        @SuppressWarnings("NullAway.Init") // no JVM after a failure, and none is asked then
        private Entrant(Arena arena, Contest contest, String client) {
            this.arena = arena;
            this.contest = contest;
            this.client = client;
            try {
                jvm = arena.client(contest, client);
                arena.round(jvm, contest.windows().get(0), pace.warmUp());
            } catch (IOException e) {
                failure = String.valueOf(e.getMessage());
            }
        }

        private void round(int window) {
            if (failure.isEmpty()) {
                try {
                    rounds.computeIfAbsent(window, w -> new ArrayList<>())
                            .add(arena.round(jvm, window, pace.round(window)));
                } catch (IOException e) {
                    failure = String.valueOf(e.getMessage());
                }
            }
        }

        private Row row(int window) {
            String tls = failure.isEmpty() ? jvm.greeting().path("tls").asText() : "";
            return new Row(contest, window, client, tls, rounds.getOrDefault(window, List.of()), failure);
        }
    }
}
