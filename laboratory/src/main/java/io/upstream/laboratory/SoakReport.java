// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.laboratory.Soak.Interval;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/** A soak as a page that a person can read. */
public final class SoakReport {
    private static final double MIB = 1 << 20;

    /** Fewer points have a slope that says nothing. */
    private static final int LEAST_POINTS = 3;

    private SoakReport() {}

    /** Totals, one row for each round, each fault, and what went wrong. */
    public static String markdown(List<Interval> intervals, Soak.Plan plan) {
        StringBuilder text = new StringBuilder("# Soak\n\n");
        totals(text, intervals, plan);
        rounds(text, intervals);
        faults(text, intervals);
        if (violations(intervals) > 0) {
            text.append("\n## Violations\n\n");
            intervals.forEach(interval -> interval.violations()
                    .forEach(each -> text.append("- ").append(each).append('\n')));
        }
        return text.toString();
    }

    private static void totals(StringBuilder text, List<Interval> intervals, Soak.Plan plan) {
        double seconds =
                intervals.stream().mapToDouble(Interval::endSeconds).max().orElse(0);
        OptionalDouble slope = heapSlope(intervals);
        text.append(String.format(
                Locale.ROOT,
                "%d identities on 8 columns, up to %,d messages a second each, seed %d: %,d messages were acknowledged in %.0f s,"
                        + " %,d a second with rounds' beginnings and ends; %,d more copies arrived, %,d connections were lost; %d faults,"
                        + " %d violations. Heap after collection, between rounds: %s.%n%n",
                plan.identities(),
                plan.rate(),
                plan.seed(),
                sum(intervals, Interval::acked),
                seconds,
                Math.round(sum(intervals, Interval::acked) / Math.max(1, seconds)),
                sum(intervals, Interval::doubles),
                sum(intervals, Interval::losses),
                sum(intervals, each -> each.strikes().size()),
                violations(intervals),
                slope.isPresent()
                        ? String.format(Locale.ROOT, "%+.2f MiB an hour (least squares)", slope.getAsDouble())
                        : "too few rounds for a slope"));
    }

    private static long violations(List<Interval> intervals) {
        return sum(intervals, each -> each.violations().size());
    }

    private static void rounds(StringBuilder text, List<Interval> intervals) {
        text.append(
                        "| round ends at | sent | acknowledged | others | more copies | losses | heap MiB | threads | descriptors | faults | violations |\n")
                .append("| ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        for (Interval each : intervals) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %.0f s | %d | %d | %s | %d | %d | %.1f | %d | %d | %d | %d |%n",
                    each.endSeconds(),
                    each.sent(),
                    each.acked(),
                    others(each),
                    each.doubles(),
                    each.losses(),
                    each.heapBytes() / MIB,
                    each.threads(),
                    each.descriptors(),
                    each.strikes().size(),
                    each.violations().size()));
        }
    }

    private static void faults(StringBuilder text, List<Interval> intervals) {
        text.append("\n## Faults\n\n| at | fault | column | slowest back after |\n| ---: | --- | --- | ---: |\n");
        for (Interval interval : intervals) {
            interval.strikes()
                    .forEach(each -> text.append(String.format(
                            Locale.ROOT,
                            "| %.0f s | %s %s | %s | %s |%n",
                            each.atSeconds(),
                            each.fault(),
                            each.fault().title(),
                            each.column(),
                            each.recoveryMillis() < 0 ? "**not**" : each.recoveryMillis() + " ms")));
        }
    }

    /** What was not acknowledged, as {@code 12 CANCELLED, 3 TIMEOUT}. */
    public static String others(Interval interval) {
        Map<String, Long> all = new TreeMap<>();
        interval.failures().forEach((kind, count) -> all.put(kind.name(), count));
        if (interval.cancelled() > 0) {
            all.put("CANCELLED", interval.cancelled());
        }
        return all.entrySet().stream()
                .map(each -> each.getValue() + " " + each.getKey())
                .collect(Collectors.joining(", "));
    }

    private static long sum(List<Interval> intervals, ToLongFunction<Interval> figure) {
        return intervals.stream().mapToLong(figure).sum();
    }

    /** In MiB an hour, by least squares over the ends of the rounds but the first, which loads classes; empty if there are too few. */
    public static OptionalDouble heapSlope(List<Interval> intervals) {
        List<Interval> points = intervals.size() > LEAST_POINTS ? intervals.subList(1, intervals.size()) : intervals;
        if (points.size() < LEAST_POINTS) {
            return OptionalDouble.empty();
        }
        double meanX = points.stream().mapToDouble(SoakReport::hours).average().orElse(0);
        double meanY = points.stream().mapToDouble(SoakReport::mib).average().orElse(0);
        double product = 0;
        double square = 0;
        for (Interval each : points) {
            product += (hours(each) - meanX) * (mib(each) - meanY);
            square += (hours(each) - meanX) * (hours(each) - meanX);
        }
        return square == 0 ? OptionalDouble.empty() : OptionalDouble.of(product / square);
    }

    private static double hours(Interval interval) {
        return interval.endSeconds() / 3_600;
    }

    private static double mib(Interval interval) {
        return interval.heapBytes() / MIB;
    }
}
