// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.benchmarks.client.CrowdMain;
import io.upstream.benchmarks.load.Way;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;

/** Many identities in one process: Upstream and Microsoft's client, each case in a JVM of its own against an emulator in another. */
final class Crowds {
    private static final String HUB_NAME = "hub.test";
    private static final int FEW = 20;
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final int KIB = 1_024;
    private static final int MOST_THREADS = 12;

    /** The numbers are those that Microsoft documents for its multiplexing client: 1,000 over AMQP, 500 over its WebSocket. */
    private static final List<Case> ALL = List.of(
            new Case("upstream", Way.AMQP_TLS, 1_000),
            new Case("azure", Way.AMQP_TLS, 1_000),
            new Case("upstream", Way.AMQP_WS, 500),
            new Case("azure", Way.AMQP_WS, 500),
            new Case("upstream", Way.MQTT_TLS, 1_000),
            new Case("azure", Way.MQTT_TLS, 1_000),
            new Case("upstream", Way.MQTT_WS, 500));

    private final Libraries libraries;
    private final Path directory;
    private final boolean quick;
    private final Consumer<String> progress;

    private record Case(String client, Way way, int identities) {}

    Crowds(Libraries libraries, Path directory, boolean quick, Consumer<String> progress) {
        this.libraries = libraries;
        this.directory = directory;
        this.quick = quick;
        this.progress = progress;
    }

    /** A row for each case; one that fails says why. */
    List<CrowdRow> run(Consumer<CrowdRow> seen) throws IOException {
        List<CrowdRow> rows = new ArrayList<>();
        for (Case one : ALL) {
            int identities = quick ? FEW : one.identities();
            progress.accept(identities + " identities of " + one.client() + ", "
                    + one.way().title());
            CrowdRow row = run(new Case(one.client(), one.way(), identities));
            seen.accept(row);
            rows.add(row);
        }
        return rows;
    }

    private CrowdRow run(Case one) throws IOException {
        Path files = Files.createTempDirectory(directory, one.way().id());
        Path hosts = Files.writeString(
                files.resolve("hosts"), "127.0.0.1 localhost\n" + Arena.OWN_ADDRESS + " " + HUB_NAME + "\n");
        try (ForkedJvm hub = ForkedJvm.start(
                "the hub",
                List.of("-Xmx2g"),
                libraries.classPath("upstream"),
                HubMain.class,
                List.of(files.toString(), HUB_NAME, Arena.OWN_ADDRESS, String.valueOf(one.identities())),
                files.resolve("hub.log"))) {
            return run(one, hub, files, hosts);
        } catch (IOException e) {
            return CrowdRow.failed(one.client(), one.way(), one.identities(), String.valueOf(e.getMessage()));
        }
    }

    private CrowdRow run(Case one, ForkedJvm hub, Path files, Path hosts) throws IOException {
        int port = hub.greeting().path("ports").path(one.way().id()).asInt();
        if (one.client().equals("azure") && port != one.way().wellKnownPort()) {
            throw new IOException("needs port " + one.way().wellKnownPort() + ", which this user may not listen on");
        }
        try (ForkedJvm client = ForkedJvm.start(
                one.client(),
                List.of("-Xmx2g", "-Djdk.net.hosts.file=" + hosts, "--add-opens", "java.base/java.net=ALL-UNNAMED"),
                libraries.classPath(one.client()),
                CrowdMain.class,
                List.of(
                        one.client(),
                        one.way().id(),
                        HUB_NAME,
                        String.valueOf(port),
                        hub.greeting().path("trust").asText()),
                files.resolve("client.log"))) {
            JsonNode answer = client.ask(one.identities() + " " + LIMIT.toSeconds(), LIMIT.multipliedBy(3));
            int connections = Sockets.connectionsTo(Arena.OWN_ADDRESS, port);
            int arrived = hub.ask("count", LIMIT).path("arrived").asInt();
            return row(one, answer, connections, arrived);
        }
    }

    private static CrowdRow row(Case one, JsonNode answer, int connections, int arrived) {
        int managed = answer.path("acknowledged").asInt();
        String trouble = answer.path("trouble").asText();
        if (trouble.isEmpty() && arrived != managed) {
            trouble = "the hub has a message of " + arrived;
        }
        return new CrowdRow(
                one.client(),
                one.way(),
                one.identities(),
                managed,
                connections,
                answer.path("openSeconds").asDouble(),
                answer.path("sendSeconds").asDouble(),
                answer.path("heapBytes").asDouble() / KIB / Math.max(1, managed),
                answer.path("threads").asInt(),
                answer.path("cpuSeconds").asDouble(),
                trouble);
    }

    /** Whether a row has no figures, or Upstream's has less than was asked for. A peer may manage fewer: that is a result. */
    static boolean isFailure(CrowdRow row) {
        return row.managed() == 0 || (row.client().equals("upstream") && !row.isComplete());
    }

    /** What Upstream is to reach: every identity, one connection over AMQP, and no more than a dozen threads. */
    static List<Target.Verdict> judge(List<CrowdRow> rows) {
        List<Target.Verdict> verdicts = new ArrayList<>();
        for (CrowdRow row : rows) {
            if (row.client().equals("upstream")) {
                verdicts.add(verdict(row, "identities", row.asked(), CrowdRow::managed, row.isComplete()));
                if (row.way().isAmqp()) {
                    verdicts.add(verdict(row, "connections", 1, CrowdRow::connections, row.connections() == 1));
                }
                verdicts.add(verdict(row, "threads", MOST_THREADS, CrowdRow::threads, row.threads() <= MOST_THREADS));
            }
        }
        return verdicts;
    }

    private static Target.Verdict verdict(
            CrowdRow row, String figure, int wanted, Function<CrowdRow, Integer> got, boolean met) {
        return new Target.Verdict(row.way().title() + ": " + figure, wanted, got.apply(row), met);
    }
}
