// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The verdicts as a page that a person can read. */
public final class FaultReport {
    private FaultReport() {}

    /** One row for each fault, one column for each protocol and way; then what went wrong. */
    public static String markdown(List<Verdict> verdicts, long seed, double seconds) {
        long good = verdicts.stream().filter(Verdict::isGood).count();
        StringBuilder text = new StringBuilder()
                .append("# Faults\n\n")
                .append(String.format(
                        Locale.ROOT,
                        "%d of %d cells kept every promise, in %.0f s, seed %d. %,d messages were acknowledged; %,d arrived twice; connections"
                                + " were lost %,d times.%n%n",
                        good,
                        verdicts.size(),
                        seconds,
                        seed,
                        verdicts.stream().mapToLong(Verdict::acked).sum(),
                        verdicts.stream().mapToLong(Verdict::doubles).sum(),
                        verdicts.stream().mapToLong(Verdict::losses).sum()))
                .append("Numbers are milliseconds from the end of the fault to the next acknowledgement.\n\n");
        table(text, verdicts);
        violations(text, verdicts);
        return text.toString();
    }

    private static void table(StringBuilder text, List<Verdict> verdicts) {
        Map<FaultCase, Map<Column, Verdict>> rows = new EnumMap<>(FaultCase.class);
        for (Verdict each : verdicts) {
            rows.computeIfAbsent(each.cell().fault(), fault -> new HashMap<>())
                    .put(each.cell().column(), each);
        }
        text.append("| fault |");
        Column.all().forEach(column -> text.append(' ').append(column).append(" |"));
        text.append("\n| --- |").append(" ---: |".repeat(Column.all().size())).append('\n');
        rows.forEach((fault, row) -> {
            text.append("| ").append(fault).append(' ').append(fault.title()).append(" |");
            Column.all()
                    .forEach(column ->
                            text.append(' ').append(mark(row.get(column))).append(" |"));
            text.append('\n');
        });
    }

    private static String mark(@org.jspecify.annotations.Nullable Verdict verdict) {
        if (verdict == null) {
            return "";
        } else if (!verdict.isGood()) {
            return "**violated**";
        }
        return verdict.recoveryMillis() < 0 ? "ok" : String.valueOf(verdict.recoveryMillis());
    }

    private static void violations(StringBuilder text, List<Verdict> verdicts) {
        if (verdicts.stream().allMatch(Verdict::isGood)) {
            return;
        }
        text.append("\n## Violations\n\n");
        for (Verdict each : verdicts) {
            each.violations()
                    .forEach(violation -> text.append("- `")
                            .append(each.cell())
                            .append("` ")
                            .append(violation)
                            .append('\n'));
        }
    }
}
