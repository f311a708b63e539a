// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamProtocol;
import io.upstream.laboratory.Census;
import io.upstream.laboratory.Column;
import io.upstream.laboratory.Column.Way;
import io.upstream.laboratory.Reconnects;
import io.upstream.laboratory.Reconnects.Result;
import io.upstream.laboratory.ReconnectsReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Has connections die by the thousand, and looks at what is left. */
@Command(
        name = "reconnects",
        mixinStandardHelpOptions = true,
        description = {
            "Ends the connection of an open session thousands of times, in five ways, with a message acknowledged after each, and opens and"
                    + " closes sessions as often; against a hub in this process. Threads, descriptors, buffers, timers and the heap"
                    + " are counted before and after: none may be more, the heap by 1 MiB at most. See docs/endurance.md.",
            "Ends with 1 if something was left."
        })
final class ReconnectsCommand extends Operation {
    private static final int MOST = 1_000_000;
    private static final int MOST_WARM_UP = 500;
    private static final Duration REST = Duration.ofSeconds(7);
    private static final double MIB = 1 << 20;

    @Option(names = "--cycles", paramLabel = "N", description = "Reconnects on each protocol; default 10000.")
    private int cycles = 10_000;

    @Option(
            names = "--opens",
            paramLabel = "N",
            description = "Sessions to open and close on each protocol; default as many as reconnects.")
    private @Nullable Integer opens;

    @Option(
            names = "--protocol",
            paramLabel = "P",
            split = ",",
            description = "Mqtt, Amqp, MqttWs or AmqpWs; default all four, one after the other.")
    private List<String> protocols = new ArrayList<>();

    @Option(names = "--proxy", description = "Through a proxy, not directly.")
    private boolean proxy;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "What random numbers are drawn from; default another one each time.")
    private @Nullable Long seed;

    @Option(names = "--report", paramLabel = "FILE", description = "Also write a report in Markdown.")
    private @Nullable Path report;

    ReconnectsCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        Reconnects.Plan plan = plan();
        requireWritable("--report", report);
        console.progress("seed " + plan.seed());
        List<Result> results = new ArrayList<>();
        try (TemporaryDirectory directory = TemporaryDirectory.make("upstream-reconnects-")) {
            interruptibly(() -> new Reconnects(
                            plan,
                            directory.path(),
                            result -> {
                                results.add(result);
                                tell(console, result);
                            },
                            console::progress)
                    .run());
        } finally {
            if (report != null) {
                Files.writeString(report, ReconnectsReport.markdown(results, plan));
            }
        }
        long bad = results.stream().filter(each -> !each.isGood()).count();
        if (bad == 0) {
            return Cli.DONE;
        }
        throw UpstreamException.of(
                FailureKind.INTERNAL,
                Where.here("reconnects"),
                bad + " of " + results.size() + " runs left something or did not come back: see their rows, seed "
                        + plan.seed());
    }

    private Reconnects.Plan plan() {
        int visits = opens == null ? cycles : opens;
        if (cycles < 1 || cycles > MOST || visits < 0 || visits > MOST) {
            throw usage("--cycles must be 1.." + MOST + " and --opens 0.." + MOST);
        }
        long drawn = seed == null ? new SecureRandom().nextInt(1_000_000) : seed;
        return new Reconnects.Plan(columns(), cycles, visits, Math.min(MOST_WARM_UP, cycles), REST, drawn);
    }

    private List<Column> columns() {
        Way way = proxy ? Way.PROXY : Way.DIRECT;
        try {
            List<UpstreamProtocol> chosen = protocols.isEmpty()
                    ? List.of(UpstreamProtocol.values())
                    : protocols.stream().map(UpstreamProtocol::parse).toList();
            return chosen.stream().map(each -> new Column(each, way)).toList();
        } catch (IllegalArgumentException e) {
            throw usage("--protocol: " + e.getMessage());
        }
    }

    private static void tell(Console console, Result result) {
        if (console.isJson()) {
            ObjectNode json = Console.event("reconnects")
                    .put("way", result.column().toString())
                    .put("what", result.kind().name().toLowerCase(Locale.ROOT))
                    .put("cycles", result.cycles())
                    .put("seconds", Table.round(result.seconds()));
            put(json.putObject("before"), result.before());
            put(json.putObject("after"), result.after());
            ArrayNode violations = json.putArray("violations");
            result.violations().forEach(each -> violations.add(each.toString()));
            console.json(json);
            return;
        }
        Census before = result.before();
        Census after = result.after();
        console.print(String.format(
                Locale.ROOT,
                "%-4s %-14s %,7d %-10s %6.1f s  threads %d→%d  descriptors %d→%d  buffers %d→%d  timers %d→%d"
                        + "  pool %.1f→%.1f MiB  heap %.2f→%.2f MiB  resident %.0f→%.0f MiB",
                result.isGood() ? "ok" : "FAIL",
                result.column(),
                result.cycles(),
                result.kind().name().toLowerCase(Locale.ROOT),
                result.seconds(),
                before.threads(),
                after.threads(),
                before.descriptors(),
                after.descriptors(),
                before.buffers(),
                after.buffers(),
                before.timers(),
                after.timers(),
                before.pooledBytes() / MIB,
                after.pooledBytes() / MIB,
                before.heapBytes() / MIB,
                after.heapBytes() / MIB,
                before.residentBytes() / MIB,
                after.residentBytes() / MIB));
        result.violations().forEach(each -> console.print("     " + each));
    }

    private static void put(ObjectNode json, Census census) {
        json.put("threads", census.threads())
                .put("descriptors", census.descriptors())
                .put("buffers", census.buffers())
                .put("timers", census.timers())
                .put("pooledBytes", census.pooledBytes())
                .put("heapBytes", census.heapBytes())
                .put("residentBytes", census.residentBytes());
    }
}
