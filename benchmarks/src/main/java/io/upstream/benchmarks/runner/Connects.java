// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.benchmarks.client.ConnectMain;
import io.upstream.benchmarks.load.Way;
import io.upstream.benchmarks.sink.SinkMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** How long connecting takes over MQTT: directly, and through a proxy with each way of proving who one is. */
final class Connects {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final double MICROS = 1e3;

    private final Libraries libraries;
    private final Path directory;
    private final int connections;
    private final int rounds;
    private final Consumer<String> progress;

    /** Which way, and whether that user has been there before. */
    enum Case {
        DIRECT("direct://", LoginProxy.Scheme.NONE, "new", 0),
        OPEN_PROXY("http://127.0.0.1:%d", LoginProxy.Scheme.NONE, "new", 1),
        BASIC_FIRST("http://USER:secret@127.0.0.1:%d", LoginProxy.Scheme.BASIC, "new", 2),
        BASIC_AGAIN("http://USER:secret@127.0.0.1:%d", LoginProxy.Scheme.BASIC, "same", 1),
        DIGEST_FIRST("http://USER:secret@127.0.0.1:%d", LoginProxy.Scheme.DIGEST, "new", 2),
        DIGEST_AGAIN("http://USER:secret@127.0.0.1:%d", LoginProxy.Scheme.DIGEST, "same", 1);

        private final String url;
        private final LoginProxy.Scheme scheme;
        private final String transport;
        private final int mostRequests;

        Case(String url, LoginProxy.Scheme scheme, String transport, int mostRequests) {
            this.url = url;
            this.scheme = scheme;
            this.transport = transport;
            this.mostRequests = mostRequests;
        }

        String title() {
            return switch (this) {
                case DIRECT -> "directly";
                case OPEN_PROXY -> "proxy, no authentication";
                case BASIC_FIRST -> "proxy, Basic, the first time";
                case BASIC_AGAIN -> "proxy, Basic, again";
                case DIGEST_FIRST -> "proxy, Digest, the first time";
                case DIGEST_AGAIN -> "proxy, Digest, again";
            };
        }
    }

    /** @param connections how many there are of each kind in a round */
    Connects(Libraries libraries, Path directory, int connections, int rounds, Consumer<String> progress) {
        this.libraries = libraries;
        this.directory = directory;
        this.connections = connections;
        this.rounds = rounds;
        this.progress = progress;
    }

    /** A row for each case: the round with the least median. */
    List<ConnectRow> run() throws IOException {
        try (ForkedJvm sink = ForkedJvm.start(
                "the sink",
                List.of("-Xmx512m"),
                libraries.classPath("upstream"),
                SinkMain.class,
                List.of(directory.toString(), "localhost", Arena.OWN_ADDRESS),
                directory.resolve("sink.log"))) {
            int port = sink.greeting().path("ports").path(Way.MQTT_TLS.id()).asInt();
            return run(port);
        }
    }

    private List<ConnectRow> run(int port) throws IOException {
        Map<Case, ConnectRow> best = new EnumMap<>(Case.class);
        for (int round = 1; round <= rounds; round++) {
            for (Case way : Case.values()) {
                progress.accept("round " + round + " of " + rounds + ", " + way.title());
                ConnectRow row = measure(way, port);
                best.merge(way, row, (one, other) -> other.p50Micros() < one.p50Micros() ? other : one);
            }
        }
        return List.copyOf(best.values());
    }

    private ConnectRow measure(Case way, int port) throws IOException {
        Path files = Files.createTempDirectory(directory, "connect");
        try (ForkedJvm proxy = jvm("the proxy", LoginProxyMain.class, files, way.scheme.name());
                ForkedJvm client = jvm(
                        "upstream",
                        ConnectMain.class,
                        files,
                        String.valueOf(port),
                        directory.resolve("ca.pem").toString(),
                        way.url.formatted(proxy.greeting().path("port").asInt()))) {
            client.ask(way.transport + " " + connections, PATIENCE); // warms up, and learns
            int before = proxy.ask("count", PATIENCE).path("requests").asInt();
            JsonNode measured = client.ask(way.transport + " " + connections, PATIENCE);
            int requests = proxy.ask("count", PATIENCE).path("requests").asInt() - before;
            return new ConnectRow(
                    way,
                    connections,
                    requests / (double) connections,
                    measured.path("p50Nanos").asDouble() / MICROS,
                    measured.path("p99Nanos").asDouble() / MICROS,
                    measured.path("cpuNanos").asDouble() / MICROS,
                    "");
        } catch (IOException e) {
            return ConnectRow.failed(way, String.valueOf(e.getMessage()));
        }
    }

    private ForkedJvm jvm(String name, Class<?> main, Path files, String... args) throws IOException {
        return ForkedJvm.start(
                name,
                List.of("-Xmx512m"),
                libraries.classPath("upstream"),
                main,
                List.of(args),
                files.resolve(main.getSimpleName() + ".log"));
    }

    /** One more request where the proxy has to ask first, none after that. */
    static List<Target.Verdict> judge(List<ConnectRow> rows) {
        List<Target.Verdict> verdicts = new ArrayList<>();
        for (ConnectRow row : rows) {
            if (row.isComplete()) {
                verdicts.add(new Target.Verdict(
                        "CONNECT requests, " + row.way().title(),
                        row.way().mostRequests,
                        row.requests(),
                        row.requests() <= row.way().mostRequests));
            }
        }
        return verdicts;
    }
}
