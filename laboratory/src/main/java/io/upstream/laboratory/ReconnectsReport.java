// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.laboratory.Reconnects.Result;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Many reconnects as a page that a person can read. */
public final class ReconnectsReport {
    private static final double MIB = 1 << 20;

    private ReconnectsReport() {}

    /** One row for each result, and what went wrong. */
    public static String markdown(List<Result> results, Reconnects.Plan plan) {
        StringBuilder text = new StringBuilder("# Reconnects\n\n")
                .append(String.format(
                        Locale.ROOT,
                        "After %,d of each as a warm-up, seed %d. Before → after; heap after two collections. Threads and descriptors are"
                                + " those of the whole process, hub and relays included, as are buffers and heap; timers are the"
                                + " client's.%n%n",
                        plan.warmUp(),
                        plan.seed()))
                .append(
                        "| way | what | how often | seconds | threads | descriptors | buffers | timers | pool MiB | heap MiB | resident MiB | |\n")
                .append("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n");
        for (Result each : results) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %,d | %.0f | %s | %s | %s | %s | %s | %s | %s | %s |%n",
                    each.column(),
                    each.kind().name().toLowerCase(Locale.ROOT),
                    each.cycles(),
                    each.seconds(),
                    change(each, Census::threads),
                    change(each, Census::descriptors),
                    change(each, Census::buffers),
                    change(each, Census::timers),
                    change(each, census -> mib(census.pooledBytes())),
                    change(each, census -> mib(census.heapBytes())),
                    change(each, census -> mib(census.residentBytes())),
                    each.isGood() ? "ok" : "**not kept**"));
        }
        if (!results.stream().allMatch(Result::isGood)) {
            text.append("\n## Violations\n\n");
            results.forEach(each -> each.violations()
                    .forEach(violation -> text.append("- ")
                            .append(each.column())
                            .append(": ")
                            .append(violation)
                            .append('\n')));
        }
        return text.toString();
    }

    private static String change(Result result, Function<Census, Object> figure) {
        return figure.apply(result.before()) + " → " + figure.apply(result.after());
    }

    private static String mib(long bytes) {
        return String.format(Locale.ROOT, "%.2f", bytes / MIB);
    }
}
