// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.emulator.hub.TelemetryStore;
import io.upstream.laboratory.Soak;
import io.upstream.laboratory.Soak.Extent;
import io.upstream.laboratory.SoakReport;
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
    private static final int MOST_RATE = 10_000;
    private static final Duration USUAL = Duration.ofMinutes(10);

    @Option(
            names = "--for",
            paramLabel = "D",
            converter = DurationConverter.class,
            description = "How long, as 10m or 1h; default 10m, or a day with --messages.")
    private @Nullable Duration length;

    @Option(
            names = "--messages",
            paramLabel = "N",
            description = "Goes on until so many are acknowledged, checked at each round's end.")
    private long messages = Long.MAX_VALUE;

    @Option(
            names = "--rate",
            paramLabel = "N",
            description = "Messages of each identity in a second, as long as the hub keeps up; 1 to 10000, default 10.")
    private int rate = 10;

    @Option(
            names = "--round",
            paramLabel = "D",
            converter = DurationConverter.class,
            description = "How long sessions live before everything is closed, checked and measured; default 10m.")
    private Duration round = Duration.ofMinutes(10);

    @Option(
            names = "--round-messages",
            paramLabel = "N",
            description =
                    "A round ends sooner if so many are acknowledged, for all of them are in memory; default 500000.")
    private long roundMessages = 500_000;

    @Option(names = "--identities", paramLabel = "N", description = "How many, over all ways; default 50.")
    private int identities = 50;

    @Option(names = "--every", paramLabel = "D..D", description = "How long between faults; default 30s..90s.")
    private String every = "30s..90s";

    @Option(
            names = "--at-once",
            paramLabel = "N",
            description = "On how many of the eight ways there are faults at the same time; default 1.")
    private int atOnce = 1;

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
        requireWritable("--report", report);
        console.progress("seed " + plan.seed());
        List<Soak.Interval> intervals = new ArrayList<>();
        try (TemporaryDirectory directory = TemporaryDirectory.make("upstream-soak-")) {
            Soak soak = new Soak(plan, directory.path(), interval -> {
                intervals.add(interval);
                tell(console, interval);
            });
            interruptibly(soak::run);
        } finally {
            summary(console, intervals, plan.seed());
            if (report != null) {
                Files.writeString(report, SoakReport.markdown(intervals, plan));
            }
        }
        String why = shortcoming(intervals);
        if (why == null) {
            return Cli.DONE;
        }
        throw UpstreamException.of(FailureKind.INTERNAL, Where.here("soak"), why + ": see above, seed " + plan.seed());
    }

    /** Why the run is no proof; null if it is one. */
    private @Nullable String shortcoming(List<Soak.Interval> intervals) {
        long violations = violations(intervals);
        long acked = intervals.stream().mapToLong(Soak.Interval::acked).sum();
        if (violations > 0) {
            return violations + " times a promise was broken";
        } else if (acked == 0) {
            return "nothing was acknowledged";
        } else if (intervals.stream().allMatch(each -> each.strikes().isEmpty())) {
            return "no fault struck";
        } else if (messages != Long.MAX_VALUE && acked < messages) {
            return "the time was over when " + acked + " of " + messages + " were acknowledged";
        }
        return null;
    }

    private static long violations(List<Soak.Interval> intervals) {
        return intervals.stream().mapToLong(each -> each.violations().size()).sum();
    }

    private static void summary(Console console, List<Soak.Interval> intervals, long seed) {
        long violations = violations(intervals);
        long acked = intervals.stream().mapToLong(Soak.Interval::acked).sum();
        long doubles = intervals.stream().mapToLong(Soak.Interval::doubles).sum();
        long losses = intervals.stream().mapToLong(Soak.Interval::losses).sum();
        long faults =
                intervals.stream().mapToLong(each -> each.strikes().size()).sum();
        double seconds =
                intervals.stream().mapToDouble(Soak.Interval::endSeconds).max().orElse(0);
        if (console.isJson()) {
            console.json(Console.event("summary")
                    .put("rounds", intervals.size())
                    .put("acked", acked)
                    .put("doubles", doubles)
                    .put("losses", losses)
                    .put("faults", faults)
                    .put("violations", violations)
                    .put("seconds", Table.round(seconds))
                    .put("messagesPerSecond", Table.round(acked / Math.max(1, seconds)))
                    .put("seed", seed));
            return;
        }
        console.print(String.format(
                Locale.ROOT,
                "%,d acknowledged in %.0f s, %,.0f a second; %,d more copies, %,d connections lost, %d faults, %d violations; seed %d",
                acked,
                seconds,
                acked / Math.max(1, seconds),
                doubles,
                losses,
                faults,
                violations,
                seed));
    }

    private Soak.Plan plan() {
        if (rate < 1 || rate > MOST_RATE) {
            throw usage("--rate must be 1.." + MOST_RATE + ", was " + rate);
        } else if (atOnce < 1 || atOnce > LEAST_IDENTITIES) {
            throw usage("--at-once must be 1.." + LEAST_IDENTITIES + ", was " + atOnce);
        } else if (messages < 1 || roundMessages < 1 || roundMessages > TelemetryStore.MAX_MESSAGES) {
            throw usage("--messages must be at least 1 and --round-messages 1.." + TelemetryStore.MAX_MESSAGES
                    + ", for more no hub here keeps");
        }
        if (identities < LEAST_IDENTITIES || identities > MOST_IDENTITIES) {
            throw usage("--identities must be " + LEAST_IDENTITIES + ".." + MOST_IDENTITIES + ", was " + identities);
        }
        String[] ends = every.split("\\.\\.", -1);
        try {
            if (ends.length == 2) {
                DurationConverter converter = new DurationConverter();
                Duration least = converter.convert(ends[0]);
                Duration most = converter.convert(ends[1]);
                requireTimeFor(least);
                if (least.compareTo(most) <= 0) {
                    long drawn = seed == null ? new SecureRandom().nextInt(1_000_000) : seed;
                    return new Soak.Plan(
                            new Extent(whole(), messages),
                            new Extent(round, roundMessages),
                            identities,
                            rate,
                            atOnce,
                            least,
                            most,
                            drawn);
                }
            }
        } catch (TypeConversionException e) {
            throw usage("--every: " + e.getMessage());
        }
        throw usage("--every is two durations, the shorter first, as 30s..90s");
    }

    private void requireTimeFor(Duration firstFault) {
        if (whole().compareTo(firstFault) <= 0 || round.compareTo(firstFault) <= 0) {
            throw usage("--for and --round must be longer than the time to the first fault, --every " + every
                    + ": else none would strike");
        }
    }

    private Duration whole() {
        if (length != null) {
            return length;
        }
        return messages == Long.MAX_VALUE ? USUAL : Duration.ofDays(1);
    }

    private static void tell(Console console, Soak.Interval interval) {
        if (console.isJson()) {
            var json = Console.event("round")
                    .put("endSeconds", Table.round(interval.endSeconds()))
                    .put("sent", interval.sent())
                    .put("acked", interval.acked())
                    .put("others", SoakReport.others(interval))
                    .put("doubles", interval.doubles())
                    .put("losses", interval.losses())
                    .put("heapBytes", interval.heapBytes())
                    .put("threads", interval.threads())
                    .put("descriptors", interval.descriptors())
                    .put("faults", interval.strikes().size());
            var violations = json.putArray("violations");
            interval.violations().forEach(each -> violations.add(each.toString()));
            console.json(json);
            return;
        }
        String others = SoakReport.others(interval);
        console.print(String.format(
                Locale.ROOT,
                "%-4s after %.0f s: acked %d/%d%s, doubles %d, losses %d, faults %d, heap %.1f MiB, threads %d, descriptors %d",
                interval.violations().isEmpty() ? "ok" : "FAIL",
                interval.endSeconds(),
                interval.acked(),
                interval.sent(),
                others.isEmpty() ? "" : " (" + others + ")",
                interval.doubles(),
                interval.losses(),
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
