// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.laboratory.Cell;
import io.upstream.laboratory.FaultReport;
import io.upstream.laboratory.MatrixRun;
import io.upstream.laboratory.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Runs the fault laboratory. */
@Command(
        name = "faults",
        mixinStandardHelpOptions = true,
        description = {
            "Does 48 faults to the four protocols, directly and through a proxy, while messages are under way, and checks that nothing was"
                    + " lost, doubled without reason, reordered or left behind: 340 cells, each with a hub, a proxy and relays of its own"
                    + " on loopback. See docs/faults.md.",
            "Ends with 1 if a promise was not kept."
        })
final class FaultsCommand extends Operation {
    private static final int MOST_PARALLEL = 32;

    @Option(names = "--quarter", paramLabel = "N", description = "Only a quarter of the cells, 1 to 4.")
    private int quarter;

    @Option(
            names = "--cell",
            paramLabel = "ID",
            description = "Only these cells: F34, F34/Mqtt or F34/Mqtt/proxy; may be given several times.")
    private List<String> ids = new ArrayList<>();

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "What random numbers are drawn from, to play a run again; default another one each time.")
    private @Nullable Long seed;

    @Option(names = "--parallel", paramLabel = "N", description = "How many cells at once; default 4.")
    private int parallel = 4;

    @Option(names = "--report", paramLabel = "FILE", description = "Also write a report in Markdown.")
    private @Nullable Path report;

    FaultsCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        List<Cell> cells = cells();
        if (parallel < 1 || parallel > MOST_PARALLEL) {
            throw usage("--parallel must be 1.." + MOST_PARALLEL + ", was " + parallel);
        }
        requireWritable("--report", report);
        long drawn = seed == null ? new SecureRandom().nextInt(1_000_000) : seed;
        long begun = System.nanoTime();
        List<Verdict> verdicts;
        try (TemporaryDirectory directory = TemporaryDirectory.make("upstream-faults-")) {
            int[] done = {0};
            verdicts = interruptibly(() -> new MatrixRun(drawn, parallel, directory.path()).run(cells, verdict -> {
                tell(console, verdict);
                console.progress(++done[0] + " of " + cells.size() + " cells");
            }));
        }
        double seconds = (System.nanoTime() - begun) / 1e9;
        if (report != null) {
            Files.writeString(report, FaultReport.markdown(verdicts, drawn, seconds));
        }
        return summary(console, verdicts, drawn, seconds);
    }

    private List<Cell> cells() {
        try {
            if (!ids.isEmpty()) {
                return ids.stream()
                        .flatMap(id -> Cell.named(id).stream())
                        .distinct()
                        .toList();
            }
            return quarter == 0 ? Cell.all() : Cell.quarter(quarter);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private static void tell(Console console, Verdict verdict) {
        if (console.isJson()) {
            console.json(json(verdict));
            return;
        }
        console.print(String.format(
                Locale.ROOT,
                "%-4s %-18s acked %4d/%-4d  doubles %3d  losses %2d  back after %5s ms  %5.1f s  %s",
                verdict.isGood() ? "ok" : "FAIL",
                verdict.cell().id(),
                verdict.acked(),
                verdict.sent(),
                verdict.doubles(),
                verdict.losses(),
                verdict.recoveryMillis() < 0 ? "-" : verdict.recoveryMillis(),
                verdict.millis() / 1e3,
                verdict.causes().isEmpty() ? "" : new TreeMap<>(verdict.causes())));
        verdict.violations().forEach(each -> console.print("     " + each));
    }

    private static ObjectNode json(Verdict verdict) {
        ObjectNode json = Console.event("cell")
                .put("cell", verdict.cell().id())
                .put("fault", verdict.cell().fault().title())
                .put("seed", verdict.seed())
                .put("sent", verdict.sent())
                .put("acked", verdict.acked())
                .put("failed", verdict.failed())
                .put("received", verdict.received())
                .put("doubles", verdict.doubles())
                .put("losses", verdict.losses())
                .put("recoveryMillis", verdict.recoveryMillis())
                .put("millis", verdict.millis());
        ObjectNode causes = json.putObject("causes");
        new TreeMap<>(verdict.causes()).forEach((kind, count) -> causes.put(kind.name(), count));
        ArrayNode violations = json.putArray("violations");
        verdict.violations()
                .forEach(each -> violations
                        .addObject()
                        .put("invariant", each.invariant().name())
                        .put("text", each.text()));
        return json;
    }

    private int summary(Console console, List<Verdict> verdicts, long drawn, double seconds) throws UpstreamException {
        long good = verdicts.stream().filter(Verdict::isGood).count();
        if (console.isJson()) {
            console.json(Console.event("summary")
                    .put("cells", verdicts.size())
                    .put("passed", good)
                    .put("failed", verdicts.size() - good)
                    .put("seed", drawn)
                    .put("seconds", Table.round(seconds)));
        } else {
            console.print(good + " of " + verdicts.size() + " cells kept every promise, in " + Table.round(seconds)
                    + " s, seed " + drawn);
        }
        if (good == verdicts.size()) {
            return Cli.DONE;
        }
        throw UpstreamException.of(
                FailureKind.INTERNAL,
                Where.here("faults"),
                (verdicts.size() - good) + " of " + verdicts.size()
                        + " cells broke a promise: see their rows, and play one again with --cell ID --seed " + drawn);
    }
}
