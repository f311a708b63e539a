// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import io.upstream.benchmarks.chart.BarChart;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/** The five charts of a run, by file name; one without figures is left out. */
final class Charts {
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("limit", "the limit: a socket"),
            Map.entry("upstream", "Upstream"),
            Map.entry("upstream-relay", "Upstream, through a relay of bytes"),
            Map.entry("upstream-proxy", "Upstream, through a proxy"),
            Map.entry("upstream-unshared", "Upstream, own connection"),
            Map.entry("upstream-inline", "Upstream, callbacks on the event loop"),
            Map.entry("hivemq", "HiveMQ"),
            Map.entry("paho", "Eclipse Paho v3"),
            Map.entry("protonj2", "ProtonJ2"),
            Map.entry("qpid-jms", "Qpid JMS"),
            Map.entry("azure", "Microsoft"),
            Map.entry("azure-raised", "Microsoft, pace raised"));

    private final List<Row> rows;
    private final List<IdleRow> idle;
    private final List<String> footer;

    Charts(JsonReport.Setting setting, List<Row> rows, List<IdleRow> idle) {
        this.rows = rows;
        this.idle = idle;
        footer = List.of(
                setting.machine().text(),
                "versions: " + setting.versions().toString().replaceAll("[{}]", "") + "; "
                        + setting.finishedAt().substring(0, 10),
                "one connection, 1 KiB, three properties, at least once; the best of "
                        + setting.pace().rounds()
                        + (setting.pace().quick() ? " short round: A SMOKE TEST, NO MEASUREMENT" : " rounds"));
    }

    Map<String, String> draw() {
        Map<String, String> files = new LinkedHashMap<>();
        Predicate<Row> busy = row -> row.window() == 256;
        add(
                files,
                "throughput.svg",
                "Messages per second",
                "window 256; longer is better",
                BarChart.Scale.LINEAR,
                groups(busy, Metric.RATE, "%,.0f"));
        add(
                files,
                "cpu.svg",
                "Processor time of the client per message",
                "microseconds, window 256, logarithmic; shorter is better",
                BarChart.Scale.LOGARITHMIC,
                groups(busy, Metric.CPU, "%,.2f µs"));
        add(
                files,
                "allocation.svg",
                "Bytes allocated per message",
                "all threads, window 256, logarithmic; shorter is better",
                BarChart.Scale.LOGARITHMIC,
                groups(busy.and(row -> row.best(Metric.BYTES) >= 1), Metric.BYTES, "%,.0f B"));
        Predicate<Row> single = row -> row.window() == 1;
        List<BarChart.Group> latency = new ArrayList<>(groups(single, Metric.P50, "%,.1f µs"));
        latency.replaceAll(group -> new BarChart.Group(group.title() + ", median", group.bars()));
        groups(single, Metric.P99, "%,.1f µs")
                .forEach(group -> latency.add(new BarChart.Group(group.title() + ", 99th percentile", group.bars())));
        add(
                files,
                "latency.svg",
                "From the call to the acknowledgement",
                "microseconds, window 1, logarithmic; shorter is better",
                BarChart.Scale.LOGARITHMIC,
                latency);
        add(
                files,
                "idle.svg",
                "Heap of one idle identity over TLS",
                "KiB after garbage collection, logarithmic; shorter is better",
                BarChart.Scale.LOGARITHMIC,
                idleGroups());
        return files;
    }

    private void add(
            Map<String, String> files,
            String name,
            String title,
            String subtitle,
            BarChart.Scale scale,
            List<BarChart.Group> groups) {
        if (!groups.isEmpty()) {
            files.put(name, new BarChart(title, subtitle, scale, groups, footer).toSvg());
        }
    }

    private List<BarChart.Group> groups(Predicate<Row> which, Metric metric, String form) {
        List<BarChart.Group> groups = new ArrayList<>();
        for (Contest contest : Contest.values()) {
            List<BarChart.Bar> bars = rows.stream()
                    .filter(row -> row.contest() == contest && !row.rounds().isEmpty())
                    .filter(which)
                    .map(row -> bar(row.client(), row.best(metric), form))
                    .toList();
            if (!bars.isEmpty()) {
                groups.add(new BarChart.Group(contest.title(), bars));
            }
        }
        return groups;
    }

    private List<BarChart.Group> idleGroups() {
        List<BarChart.Group> groups = new ArrayList<>();
        for (Contest contest : List.of(Contest.IDLE_MQTT, Contest.IDLE_AMQP)) {
            List<BarChart.Bar> bars = idle.stream()
                    .filter(row -> row.contest() == contest && row.isComplete())
                    .map(row -> bar(row.client(), Math.max(row.kibEach(), 0.1), "%,.1f KiB"))
                    .toList();
            if (!bars.isEmpty()) {
                groups.add(new BarChart.Group(contest.way().title(), bars));
            }
        }
        return groups;
    }

    private static BarChart.Bar bar(String client, double value, String form) {
        BarChart.Kind kind = client.equals("limit")
                ? BarChart.Kind.LIMIT
                : client.startsWith("upstream") ? BarChart.Kind.OURS : BarChart.Kind.PEER;
        return new BarChart.Bar(
                NAMES.getOrDefault(client, client), value, String.format(Locale.ROOT, form, value), kind);
    }
}
