// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.laboratory.Soak;
import io.upstream.laboratory.SoakReport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Runs the fault laboratory for a long time. */
@Command(
        name = "soak",
        mixinStandardHelpOptions = true,
        description = {
            "Keeps many identities busy over all four protocols, directly and through a proxy, against hubs in this process, lets a random"
                    + " fault of the laboratory strike one of the eight ways every now and then, and checks that nothing is lost, doubled"
                    + " without reason, reordered or left behind; measures heap, threads and descriptors. See docs/faults.md.",
            "Ends with 1 if a promise was not kept."
        })
final class SoakCommand extends Operation {
    private static final int LEAST_IDENTITIES = 8;
    private static final int MOST_IDENTITIES = 1_000;

    @Option(
            names = "--for",
            paramLabel = "D",
            converter = DurationConverter.class,
            description = "How long, as 10m or 1h; default 10m.")
    private Duration length = Duration.ofMinutes(10);

    @Option(
            names = "--round",
            paramLabel = "D",
            converter = DurationConverter.class,
            description = "How long sessions live before everything is closed, checked and measured; default 10m.")
    private Duration round = Duration.ofMinutes(10);

    @Option(names = "--identities", paramLabel = "N", description = "How many, over all ways; default 50.")
    private int identities = 50;

    @Option(names = "--every", paramLabel = "D..D", description = "How long between faults; default 30s..90s.")
    private String every = "30s..90s";

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "What faults are drawn from; default another one each time.")
    private @Nullable Long seed;

    @Option(names = "--report", paramLabel = "FILE", description = "Also write a report in Markdown.")
    private @Nullable Path report;

    SoakCommand(Surroundings around) {
        super(around);
    }

    @Override
    int perform(Console console) throws Exception {
        Soak.Plan plan = plan();
        List<Soak.Interval> intervals;
        try (TemporaryDirectory directory = TemporaryDirectory.make("upstream-soak-")) {
            intervals = new Soak(plan, directory.path(), interval -> tell(console, interval)).run();
        }
        if (report != null) {
            Files.writeString(report, SoakReport.markdown(intervals, plan));
        }
        long violations =
                intervals.stream().mapToLong(each -> each.violations().size()).sum();
        if (violations == 0) {
            return Cli.DONE;
        }
        throw UpstreamException.of(
                FailureKind.INTERNAL,
                Where.here("soak"),
                violations + " times a promise was broken: see above, seed " + plan.seed());
    }

    private Soak.Plan plan() {
        if (identities < LEAST_IDENTITIES || identities > MOST_IDENTITIES) {
            throw usage("--identities must be " + LEAST_IDENTITIES + ".." + MOST_IDENTITIES + ", was " + identities);
        }
        String[] ends = every.split("\\.\\.", -1);
        try {
            if (ends.length == 2) {
                DurationConverter converter = new DurationConverter();
                Duration least = converter.convert(ends[0]);
                Duration most = converter.convert(ends[1]);
                if (least.compareTo(most) <= 0) {
                    long drawn = seed == null ? new SecureRandom().nextInt(1_000_000) : seed;
                    return new Soak.Plan(length, round, identities, least, most, drawn);
                }
            }
        } catch (TypeConversionException e) {
            throw usage("--every: " + e.getMessage());
        }
        throw usage("--every is two durations, the shorter first, as 30s..90s");
    }

    private static void tell(Console console, Soak.Interval interval) {
        if (console.isJson()) {
            var json = Console.event("round")
                    .put("endSeconds", Table.round(interval.endSeconds()))
                    .put("sent", interval.sent())
                    .put("acked", interval.acked())
                    .put("doubles", interval.doubles())
                    .put("heapBytes", interval.heapBytes())
                    .put("threads", interval.threads())
                    .put("descriptors", interval.descriptors())
                    .put("faults", interval.strikes().size());
            var violations = json.putArray("violations");
            interval.violations().forEach(each -> violations.add(each.toString()));
            console.json(json);
            return;
        }
        console.print(String.format(
                Locale.ROOT,
                "%-4s after %.0f s: acked %d/%d, doubles %d, faults %d, heap %.1f MiB, threads %d, descriptors %d",
                interval.violations().isEmpty() ? "ok" : "FAIL",
                interval.endSeconds(),
                interval.acked(),
                interval.sent(),
                interval.doubles(),
                interval.strikes().size(),
                interval.heapBytes() / (double) (1 << 20),
                interval.threads(),
                interval.descriptors()));
        interval.strikes()
                .forEach(each -> console.print(String.format(
                        Locale.ROOT,
                        "     %6.0f s  %-4s %-14s back after %s ms",
                        each.atSeconds(),
                        each.fault(),
                        each.column(),
                        each.recoveryMillis() < 0 ? "-" : each.recoveryMillis())));
        interval.violations().forEach(each -> console.print("     " + each));
    }
}
