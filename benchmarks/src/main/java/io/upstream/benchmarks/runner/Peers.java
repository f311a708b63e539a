// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The command. */
@Command(
        name = "upstream bench --peers",
        mixinStandardHelpOptions = true,
        description = {
            "Compares Upstream end to end with other client libraries, each in a JVM of its own, against a sink in another. Prints a"
                    + " table, and writes end-to-end.json and charts.",
            "With --multitude it opens very many identities in a process with little memory, and writes multitude.json.",
            "With --identities it counts instead how many identities a process carries, and writes identities.json; with --connects it"
                    + " measures how long connecting takes, directly and through a proxy, and writes connects.json.",
            "Takes about ten minutes. Close everything else that computes. Microsoft's client takes part where this user may listen on"
                    + " ports 8883, 5671 and 443 of a loopback address."
        })
public final class Peers implements Callable<Integer> {
    private static final int FAILED = 1;
    private static final int MOST_IDENTITIES = 20_000;
    private static final int CONNECTIONS = 500;
    private static final Duration IDLE = Duration.ofSeconds(90);
    private static final Duration BRIEFLY_IDLE = Duration.ofSeconds(10);
    private static final int FEW_CONNECTIONS = 20;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "CONTEST",
            description = "Of mqtt-tls, mqtt-ws, amqp-tls, amqp-ws, proxy, idle-mqtt, idle-amqp; default all.")
    private List<String> only = List.of();

    @Option(names = "--rounds", paramLabel = "N", description = "Turns of each client; default 3.")
    private int rounds = 3;

    @Option(names = "--seconds", paramLabel = "S", description = "How long a turn is; default 3.")
    private double seconds = 3;

    @Option(names = "--out", paramLabel = "DIR", description = "Where to write; default docs/benchmarks.")
    private Path out = Path.of("docs/benchmarks");

    @Option(names = "--quick", description = "A smoke test of a minute or two; its figures mean nothing.")
    private boolean quick;

    @Option(names = "--identities", description = "Many identities in one process, in place of the contests.")
    private boolean identities;

    @Option(
            names = "--multitude",
            paramLabel = "N",
            description =
                    "So many identities of Upstream over MQTT in a process with -Xmx512m, in place of the contests; 1 to 20000.")
    private @Nullable Integer multitude;

    @Option(names = "--connects", description = "How long connecting takes, in place of the contests.")
    private boolean connects;

    @Option(names = "--json", description = "One JSON object per line on standard output.")
    private boolean json;

    @Option(names = "--peer-libs", hidden = true, required = true, description = "Set by the launcher.")
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private Path peerLibs;

    private final PrintStream stdout =
            new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    private final PrintStream stderr =
            new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
    private final ObjectMapper mapper = new ObjectMapper();

    private Peers() {}

    public static void main(String[] args) {
        System.exit(new CommandLine(new Peers())
                .setExecutionExceptionHandler((e, line, parsed) -> {
                    line.getErr().println("upstream: " + e.getMessage());
                    return FAILED;
                })
                .execute(args));
    }

    @Override
    public Integer call() throws IOException {
        if (rounds < 1 || rounds > 100 || seconds < 0.1 || seconds > 600) {
            throw new IOException("--rounds must be 1..100 and --seconds 0.1..600");
        }
        if (multitude != null && (multitude < 1 || multitude > MOST_IDENTITIES)) {
            throw new IOException(
                    "--multitude must be 1.." + MOST_IDENTITIES + ": there is one port of loopback for each");
        }
        List<Contest> contests = only.isEmpty()
                ? Arrays.asList(Contest.values())
                : only.stream().map(Contest::of).toList();
        Pace pace = quick ? Pace.smoke() : Pace.of(rounds, seconds);
        Path directory = Files.createTempDirectory("upstream-bench-");
        try {
            if (multitude != null) {
                return runMultitude(multitude, directory);
            }
            if (connects) {
                return runConnects(directory);
            }
            return identities ? runCrowds(directory) : run(contests, pace, directory);
        } finally {
            delete(directory);
        }
    }

    private int run(List<Contest> contests, Pace pace, Path directory) throws IOException {
        Libraries libraries = new Libraries(peerLibs);
        Comparison comparison = new Comparison(libraries, directory, pace, this::progress);
        Table table = new Table(stdout);
        List<Row> rows = new ArrayList<>();
        List<IdleRow> idle = new ArrayList<>();
        for (Contest contest : contests) {
            if (contest.isIdle()) {
                List<IdleRow> found = comparison.runIdle(contest);
                found.forEach(row -> print(JsonReport.row(row)));
                table.printIdle(contest, json ? List.of() : found);
                idle.addAll(found);
            } else {
                List<Row> found = comparison.run(contest);
                found.forEach(row -> print(JsonReport.row(row)));
                table.print(contest, json ? List.of() : found);
                rows.addAll(found);
            }
        }
        List<Target.Verdict> verdicts = Target.judge(rows, idle);
        verdicts.forEach(verdict -> print(JsonReport.verdict(verdict)));
        table.printTargets(json ? List.of() : verdicts);
        JsonReport.Setting setting =
                new JsonReport.Setting(Machine.here(), libraries.versions(), comparison.sinkTls(), pace, now());
        write(setting, rows, idle, verdicts);
        boolean failed = rows.stream().anyMatch(row -> !row.isComplete())
                || idle.stream().anyMatch(row -> !row.isComplete());
        return failed ? FAILED : 0;
    }

    private int runCrowds(Path directory) throws IOException {
        Libraries libraries = new Libraries(peerLibs);
        List<CrowdRow> rows =
                new Crowds(libraries, directory, quick, this::progress).run(row -> print(JsonReport.row(row)));
        List<Target.Verdict> verdicts = Crowds.judge(rows);
        verdicts.forEach(verdict -> print(JsonReport.verdict(verdict)));
        Table table = new Table(stdout);
        table.printCrowds(json ? List.of() : rows);
        table.printTargets(json ? List.of() : verdicts);
        write("identities.json", JsonReport.write(Machine.here(), libraries.versions(), now(), rows, verdicts));
        return rows.stream().anyMatch(Crowds::isFailure) ? FAILED : 0;
    }

    private int runMultitude(int count, Path directory) throws IOException {
        Libraries libraries = new Libraries(peerLibs);
        Duration idle = quick ? BRIEFLY_IDLE : IDLE;
        List<MultitudeRow> rows = new Multitude(libraries, directory, count, idle, this::progress).run();
        rows.forEach(row -> print(JsonReport.row(row)));
        List<Target.Verdict> verdicts = Multitude.judge(rows);
        verdicts.forEach(verdict -> print(JsonReport.verdict(verdict)));
        Table table = new Table(stdout);
        table.printMultitude(json ? List.of() : rows);
        table.printTargets(json ? List.of() : verdicts);
        write("multitude.json", JsonReport.writeMultitude(Machine.here(), libraries.versions(), now(), rows, verdicts));
        boolean good = rows.stream().allMatch(MultitudeRow::isComplete)
                && verdicts.stream().allMatch(Target.Verdict::met);
        return good ? 0 : FAILED;
    }

    private int runConnects(Path directory) throws IOException {
        Libraries libraries = new Libraries(peerLibs);
        List<ConnectRow> rows = new Connects(
                        libraries, directory, quick ? FEW_CONNECTIONS : CONNECTIONS, quick ? 1 : rounds, this::progress)
                .run();
        rows.forEach(row -> print(JsonReport.row(row)));
        List<Target.Verdict> verdicts = Connects.judge(rows);
        verdicts.forEach(verdict -> print(JsonReport.verdict(verdict)));
        Table table = new Table(stdout);
        table.printConnects(json ? List.of() : rows);
        table.printTargets(json ? List.of() : verdicts);
        write("connects.json", JsonReport.writeConnects(Machine.here(), libraries.versions(), now(), rows, verdicts));
        return rows.stream().allMatch(ConnectRow::isComplete) ? 0 : FAILED;
    }

    private static String now() {
        return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
    }

    private void write(String name, ObjectNode report) throws IOException {
        Files.createDirectories(out);
        Files.writeString(
                out.resolve(name),
                mapper.writer(SerializationFeature.INDENT_OUTPUT).writeValueAsString(report) + "\n");
        stderr.printf(Locale.ROOT, "upstream: wrote %s%n", out.resolve(name));
    }

    private void write(JsonReport.Setting setting, List<Row> rows, List<IdleRow> idle, List<Target.Verdict> verdicts)
            throws IOException {
        write("end-to-end.json", JsonReport.write(setting, rows, idle, verdicts));
        for (Map.Entry<String, String> chart :
                new Charts(setting, rows, idle).draw().entrySet()) {
            Files.writeString(out.resolve(chart.getKey()), chart.getValue());
        }
    }

    private void progress(String text) {
        stderr.println("upstream: " + text);
    }

    private void print(ObjectNode object) {
        if (json) {
            stdout.println(object);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }
}
