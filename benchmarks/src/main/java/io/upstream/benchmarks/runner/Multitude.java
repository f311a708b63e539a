// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.management.UnixOperatingSystemMXBean;
import io.upstream.benchmarks.client.MultitudeMain;
import io.upstream.benchmarks.load.Way;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Very many identities over MQTT in a process of 512 MiB of heap, against an emulator in another: with the usual pace of connecting, and without. */
final class Multitude {
    private static final String HEAP = "-Xmx512m";
    private static final Way WAY = Way.MQTT_TLS;
    private static final String LOOPBACK = "127.0.0.1";

    /** What a process needs besides: jars, event loops, listeners. */
    private static final int OTHER_DESCRIPTORS = 300;

    private static final int USUAL_PACE = 0;
    private static final int NO_PACE = 10_000;
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final double KIB = 1_024;
    private static final double MIB = 1 << 20;
    private static final int MOST_THREADS = 16;

    private final Libraries libraries;
    private final Path directory;
    private final int identities;
    private final Duration idle;
    private final Consumer<String> progress;

    Multitude(Libraries libraries, Path directory, int identities, Duration idle, Consumer<String> progress) {
        this.libraries = libraries;
        this.directory = directory;
        this.identities = identities;
        this.idle = idle;
        this.progress = progress;
    }

    /**
     * A row for each pace.
     *
     * @throws IOException at once if this user may not have so many connections in a process
     */
    List<MultitudeRow> run() throws IOException {
        requireDescriptors(identities + OTHER_DESCRIPTORS, descriptors());
        List<MultitudeRow> rows = new ArrayList<>();
        for (int pace : List.of(USUAL_PACE, NO_PACE)) {
            progress.accept(identities + " identities, " + (pace == USUAL_PACE ? "the usual pace" : "without a pace"));
            rows.add(run(pace));
        }
        return rows;
    }

    /** A JVM raises its soft limit to the hard one, which its children inherit. */
    private static long descriptors() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? unix.getMaxFileDescriptorCount()
                : Long.MAX_VALUE;
    }

    static void requireDescriptors(long needed, long allowed) throws IOException {
        if (allowed < needed) {
            throw new IOException("each process needs " + needed + " file descriptors and may have " + allowed
                    + ": raise the limit, as by 'ulimit -n " + needed + "', or take fewer identities");
        }
    }

    private MultitudeRow run(int pace) throws IOException {
        Path files = Files.createTempDirectory(directory, "multitude");
        try (ForkedJvm hub = ForkedJvm.start(
                "the hub",
                List.of("-Xmx2g"),
                libraries.classPath("upstream"),
                HubMain.class,
                List.of(files.toString(), "localhost", LOOPBACK, String.valueOf(identities)),
                files.resolve("hub.log"))) {
            return run(pace, hub, files);
        } catch (IOException e) {
            return MultitudeRow.failed(identities, pace, String.valueOf(e.getMessage()));
        }
    }

    private MultitudeRow run(int pace, ForkedJvm hub, Path files) throws IOException {
        int port = hub.greeting().path("ports").path(WAY.id()).asInt();
        try (ForkedJvm client = ForkedJvm.start(
                "upstream",
                List.of(HEAP),
                libraries.classPath("upstream"),
                MultitudeMain.class,
                List.of(
                        WAY.id(),
                        "localhost",
                        String.valueOf(port),
                        hub.greeting().path("trust").asText(),
                        String.valueOf(identities),
                        String.valueOf(pace),
                        String.valueOf(LIMIT.toSeconds())),
                files.resolve("client.log"))) {
            JsonNode open = client.ask("open " + LIMIT.toSeconds(), LIMIT.multipliedBy(2));
            progress.accept(open.path("open").asInt() + " are connected after "
                    + Math.round(open.path("seconds").asDouble()) + " s, and idle for " + idle.toSeconds() + " s");
            JsonNode rest = client.ask("idle " + idle.toSeconds(), idle.plus(LIMIT));
            int connections = Sockets.connectionsTo(LOOPBACK, port);
            JsonNode sent = client.ask("send " + LIMIT.toSeconds(), LIMIT.multipliedBy(2));
            int arrived = hub.ask("count", LIMIT).path("arrived").asInt();
            return row(client.greeting().path("connectsPerSecond").asInt(), open, rest, connections, sent, arrived);
        }
    }

    private MultitudeRow row(int pace, JsonNode open, JsonNode rest, int connections, JsonNode sent, int arrived) {
        int managed = sent.path("acknowledged").asInt();
        String trouble = open.path("trouble").asText() + sent.path("trouble").asText();
        if (trouble.isEmpty() && arrived != managed) {
            trouble = "the hub has a message of " + arrived;
        }
        int each = Math.max(1, open.path("open").asInt());
        return new MultitudeRow(
                identities,
                pace,
                managed,
                connections,
                open.path("seconds").asDouble(),
                open.path("cpuSeconds").asDouble(),
                open.path("heapBytes").asLong() / MIB,
                open.path("heapMore").asLong() / KIB / each,
                open.path("residentBytes").asLong() / MIB,
                open.path("residentMore").asLong() / KIB / each,
                open.path("peakThreads").asInt(),
                rest.path("threads").asInt(),
                rest.path("cpuPercent").asDouble(),
                trouble);
    }

    /** Every identity, and no more threads than a few have. */
    static List<Target.Verdict> judge(List<MultitudeRow> rows) {
        List<Target.Verdict> verdicts = new ArrayList<>();
        for (MultitudeRow row : rows) {
            String name = "MQTT over TLS, " + row.connectsPerSecond() + " a second: ";
            verdicts.add(new Target.Verdict(name + "identities", row.asked(), row.managed(), row.isComplete()));
            verdicts.add(new Target.Verdict(
                    name + "threads", MOST_THREADS, row.peakThreads(), row.peakThreads() <= MOST_THREADS));
        }
        return verdicts;
    }
}
