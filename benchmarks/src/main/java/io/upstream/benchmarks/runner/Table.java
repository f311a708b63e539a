// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The result for people. */
final class Table {
    private final PrintStream out;

    Table(PrintStream out) {
        this.out = out;
    }

    /** Nothing for no rows. The last column is Upstream's rate by this client's. */
    void print(Contest contest, List<Row> rows) {
        if (rows.isEmpty()) {
            return;
        }
        out.printf("%n%s%n", contest.title());
        out.printf(
                "%6s  %-18s  %11s  %11s  %9s  %9s  %10s  %10s  %s%n",
                "window", "client", "msg/s best", "median", "CPU µs", "bytes", "p50 µs", "p99 µs", "upstream is");
        for (Row row : rows) {
            if (row.rounds().isEmpty()) {
                out.printf("%6d  %-18s  %s%n", row.window(), row.client(), row.failure());
                continue;
            }
            out.printf(
                    Locale.ROOT,
                    "%6d  %-18s  %,11.0f  %,11.0f  %9.2f  %,9.0f  %,10.1f  %,10.1f  %s%n",
                    row.window(),
                    row.client(),
                    row.best(Metric.RATE),
                    row.median(Metric.RATE),
                    row.best(Metric.CPU),
                    row.best(Metric.BYTES),
                    row.best(Metric.P50),
                    row.best(Metric.P99),
                    ratio(row, rows) + (row.isComplete() ? "" : "  " + row.failure()));
        }
    }

    private static String ratio(Row row, List<Row> rows) {
        Optional<Row> ours = rows.stream()
                .filter(other -> other.client().equals("upstream") && other.window() == row.window())
                .filter(other -> !other.rounds().isEmpty())
                .findFirst();
        return ours.filter(other -> !other.client().equals(row.client()))
                .map(other -> String.format(Locale.ROOT, "%.2f ×", other.best(Metric.RATE) / row.best(Metric.RATE)))
                .orElse("");
    }

    /** Nothing for no rows. */
    void printIdle(Contest contest, List<IdleRow> rows) {
        if (rows.isEmpty()) {
            return;
        }
        out.printf("%n%s%n%10s  %-18s  %10s  %10s%n", contest.title(), "identities", "client", "KiB each", "threads");
        for (IdleRow row : rows) {
            if (row.isComplete()) {
                out.printf(
                        Locale.ROOT,
                        "%10d  %-18s  %,10.1f  %10.2f%n",
                        row.identities(),
                        row.client(),
                        row.kibEach(),
                        row.threadsEach());
            } else {
                out.printf("%10d  %-18s  %s%n", row.identities(), row.client(), row.failure());
            }
        }
    }

    /** Nothing for no rows. */
    void printCrowds(List<CrowdRow> rows) {
        if (rows.isEmpty()) {
            return;
        }
        out.printf(
                "%n%-28s  %-8s  %6s  %8s  %6s  %8s  %8s  %8s  %7s  %8s%n",
                "many identities",
                "client",
                "asked",
                "managed",
                "conns",
                "open s",
                "sent s",
                "KiB each",
                "threads",
                "CPU s");
        for (CrowdRow row : rows) {
            if (row.managed() == 0) {
                out.printf(
                        "%-28s  %-8s  %,6d  %,8d  %s%n",
                        row.way().title(), row.client(), row.asked(), row.managed(), row.trouble());
                continue;
            }
            out.printf(
                    Locale.ROOT,
                    "%-28s  %-8s  %,6d  %,8d  %,6d  %8.2f  %8.2f  %8.1f  %,7d  %8.2f  %s%n",
                    row.way().title(),
                    row.client(),
                    row.asked(),
                    row.managed(),
                    row.connections(),
                    row.openSeconds(),
                    row.sendSeconds(),
                    row.kibEach(),
                    row.threads(),
                    row.cpuSeconds(),
                    row.trouble());
        }
    }

    /** Nothing for no rows. */
    void printMultitude(List<MultitudeRow> rows) {
        if (rows.isEmpty()) {
            return;
        }
        out.printf(
                "%n%10s  %8s  %8s  %7s  %8s  %8s  %9s  %8s  %7s  %8s  %6s%n",
                "a second",
                "managed",
                "conns",
                "open s",
                "heap MiB",
                "KiB each",
                "RSS MiB",
                "KiB each",
                "threads",
                "CPU s",
                "idle %");
        for (MultitudeRow row : rows) {
            out.printf(
                    Locale.ROOT,
                    "%,10d  %,8d  %,8d  %7.1f  %8.1f  %8.1f  %9.1f  %8.1f  %,7d  %8.1f  %6.2f  %s%n",
                    row.connectsPerSecond(),
                    row.managed(),
                    row.connections(),
                    row.openSeconds(),
                    row.heapMib(),
                    row.heapKibEach(),
                    row.residentMib(),
                    row.residentKibEach(),
                    row.peakThreads(),
                    row.cpuSeconds(),
                    row.idleCpuPercent(),
                    row.trouble());
        }
    }

    /** Nothing for no rows. */
    void printConnects(List<ConnectRow> rows) {
        if (rows.isEmpty()) {
            return;
        }
        out.printf(
                "%n%-32s  %11s  %8s  %10s  %10s  %10s%n",
                "connecting, MQTT over TLS", "connections", "requests", "p50 µs", "p99 µs", "CPU µs");
        for (ConnectRow row : rows) {
            out.printf(
                    Locale.ROOT,
                    "%-32s  %,11d  %8.2f  %,10.0f  %,10.0f  %,10.0f  %s%n",
                    row.way().title(),
                    row.connections(),
                    row.requests(),
                    row.p50Micros(),
                    row.p99Micros(),
                    row.cpuMicros(),
                    row.trouble());
        }
    }

    /** Nothing for no verdicts. */
    void printTargets(List<Target.Verdict> verdicts) {
        if (!verdicts.isEmpty()) {
            out.printf("%ntargets%n");
            verdicts.forEach(verdict -> out.println(verdict.text()));
        }
    }
}
