// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.benchmarks.client.ClientMain;
import io.upstream.benchmarks.load.Way;
import io.upstream.benchmarks.sink.SinkMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The sink of one contest, a proxy if it is asked for, and the clients that send to the sink. */
final class Arena implements AutoCloseable {
    private static final String SINK_NAME = "sink.test";

    /** For the clients that know only the well-known ports: an address of this process alone, so that two comparisons do not meet. */
    static final String OWN_ADDRESS = "127." + (1 + (ProcessHandle.current().pid() >> 8) % 254) + "."
            + ProcessHandle.current().pid() % 256 + ".7";

    private static final int WINDOW = 256;
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private final Libraries libraries;
    private final Path directory;
    private final Path hosts;
    private final ForkedJvm sink;
    private final List<ForkedJvm> others = new ArrayList<>();

    /** Starts a sink whose files are in {@code directory}. */
    Arena(Libraries libraries, Path directory) throws IOException {
        this.libraries = libraries;
        this.directory = directory;
        hosts = Files.writeString(
                directory.resolve("hosts"), "127.0.0.1 localhost\n" + OWN_ADDRESS + " " + SINK_NAME + "\n");
        sink = ForkedJvm.start(
                "the sink",
                List.of("-Xmx512m", "-Dio.netty.buffer.checkBounds=false", "-Dio.netty.buffer.checkAccessible=false"),
                libraries.classPath("upstream"),
                SinkMain.class,
                List.of(directory.toString(), SINK_NAME, OWN_ADDRESS),
                directory.resolve("sink.log"));
    }

    /** Which TLS the sink uses. */
    String tls() {
        return sink.greeting().path("tls").asText();
    }

    /**
     * Starts a client.
     *
     * @throws IOException also when it needs a port that this process may not use
     */
    ForkedJvm client(Contest contest, String name) throws IOException {
        boolean azure = name.startsWith("azure");
        Way way = contest.way();
        String host = azure ? SINK_NAME : "localhost";
        int port = azure
                ? wellKnownPort(way)
                : sink.greeting().path("ports").path(way.id()).asInt();
        boolean proxied = name.equals(Contest.THROUGH_PROXY);
        boolean relayed = name.equals(Contest.THROUGH_RELAY);
        List<String> flags = new ArrayList<>(List.of("-Xmx1g"));
        if (azure) {
            flags.addAll(List.of("-Djdk.net.hosts.file=" + hosts, "--add-opens", "java.base/java.net=ALL-UNNAMED"));
        }
        ForkedJvm client = ForkedJvm.start(
                name,
                flags,
                libraries.classPath(name),
                ClientMain.class,
                List.of(
                        proxied || relayed ? "upstream" : name,
                        way.id(),
                        host,
                        String.valueOf(relayed ? between("the relay", RelayMain.class, String.valueOf(port)) : port),
                        directory.resolve("ca.pem").toString(),
                        String.valueOf(proxied ? between("the proxy", ProxyMain.class) : 0),
                        String.valueOf(WINDOW)),
                directory.resolve(contest.id() + "-" + name + ".log"));
        others.add(client);
        return client;
    }

    private int wellKnownPort(Way way) throws IOException {
        int port = sink.greeting()
                .path("wellKnown")
                .path(way.isWebSocket() ? "ws" : way.id())
                .asInt();
        if (port == 0) {
            throw new IOException("needs port " + way.wellKnownPort() + ", which this user may not listen on");
        }
        return port;
    }

    /** Starts a process between client and sink, and tells its port. */
    private int between(String name, Class<?> main, String... args) throws IOException {
        ForkedJvm between = ForkedJvm.start(
                name,
                List.of("-Xmx512m"),
                libraries.classPath("upstream"),
                main,
                List.of(args),
                directory.resolve(main.getSimpleName() + ".log"));
        others.add(between);
        return between.greeting().path("port").asInt();
    }

    /** Lets a client send, and asks the sink whether everything arrived. */
    Round round(ForkedJvm client, int window, Duration length) throws IOException {
        JsonNode before = sink.ask("count", PATIENCE);
        JsonNode measured = client.ask("round " + window + " " + length.toMillis(), length.plus(PATIENCE));
        JsonNode after = sink.ask("count", PATIENCE);
        long arrived = rise(before, after, "intact");
        long damaged = rise(before, after, "damaged");
        if (arrived != measured.path("sent").asLong() || damaged != 0) {
            throw new IOException("of " + measured.path("sent").asLong() + " messages " + arrived
                    + " arrived intact and " + damaged + " damaged or twice");
        }
        return Round.of(measured, rise(before, after, "cpuNanos"), rise(before, after, "reordered"));
    }

    /** Lets a client hold idle connections. */
    JsonNode idle(ForkedJvm client, int identities) throws IOException {
        return client.ask("idle " + identities, PATIENCE.multipliedBy(2));
    }

    private static long rise(JsonNode before, JsonNode after, String counter) {
        return after.path(counter).asLong() - before.path(counter).asLong();
    }

    @Override
    public void close() {
        others.forEach(ForkedJvm::close);
        sink.close();
    }
}
