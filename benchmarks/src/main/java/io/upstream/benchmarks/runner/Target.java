// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What Upstream is to reach, as a ratio to others in the same run or as a figure that does not depend on the machine.
 *
 * @param against whom to compare with
 * @param wanted at least, for rates; at most, for everything else
 */
record Target(Contest contest, int window, Metric metric, Against against, double wanted) {

    /** What Upstream's figure is divided by. */
    enum Against {
        BEST_PEER,
        LIMIT,
        /** Upstream without a proxy. */
        DIRECT,
        /** Upstream through a process that only passes bytes on. */
        RELAY,
        /** One: the figure stands for itself. */
        NOTHING
    }

    static final List<Target> ALL = List.of(
            new Target(Contest.MQTT_TLS, 256, Metric.RATE, Against.BEST_PEER, 2),
            new Target(Contest.MQTT_TLS, 256, Metric.RATE, Against.LIMIT, 0.8),
            new Target(Contest.MQTT_TLS, 256, Metric.CPU, Against.BEST_PEER, 0.4),
            new Target(Contest.MQTT_TLS, 256, Metric.BYTES, Against.NOTHING, 250),
            new Target(Contest.MQTT_TLS, 32, Metric.RATE, Against.BEST_PEER, 2.2),
            new Target(Contest.MQTT_TLS, 1, Metric.P50, Against.BEST_PEER, 0.7),
            new Target(Contest.MQTT_WS, 256, Metric.RATE, Against.BEST_PEER, 2.3),
            new Target(Contest.MQTT_WS, 256, Metric.CPU, Against.BEST_PEER, 0.25),
            new Target(Contest.MQTT_WS, 256, Metric.BYTES, Against.NOTHING, 250),
            new Target(Contest.AMQP_TLS, 256, Metric.RATE, Against.BEST_PEER, 10),
            new Target(Contest.AMQP_TLS, 256, Metric.RATE, Against.LIMIT, 0.6),
            new Target(Contest.AMQP_TLS, 256, Metric.CPU, Against.BEST_PEER, 0.1),
            new Target(Contest.AMQP_TLS, 256, Metric.BYTES, Against.NOTHING, 300),
            new Target(Contest.AMQP_TLS, 32, Metric.RATE, Against.BEST_PEER, 3),
            new Target(Contest.AMQP_WS, 256, Metric.RATE, Against.BEST_PEER, 10),
            new Target(Contest.AMQP_WS, 256, Metric.BYTES, Against.NOTHING, 350),
            new Target(Contest.PROXY, 256, Metric.RATE, Against.DIRECT, 0.95),
            new Target(Contest.PROXY, 256, Metric.RATE, Against.RELAY, 0.95),
            new Target(Contest.PROXY, 256, Metric.CPU, Against.RELAY, 1.05));

    /** What came out of it. */
    record Verdict(String name, double wanted, double got, boolean met) {

        String text() {
            return String.format(
                    Locale.ROOT,
                    "%-52s  wanted %6s  got %7s  %s",
                    name,
                    number(wanted),
                    number(got),
                    met ? "met" : "MISSED");
        }

        private static String number(double value) {
            return String.format(Locale.ROOT, value >= 100 ? "%.0f" : "%.2f", value);
        }
    }

    /** Judges those targets that the rows and idle rows have figures for. */
    static List<Verdict> judge(List<Row> rows, List<IdleRow> idle) {
        List<Verdict> verdicts = new ArrayList<>();
        ALL.forEach(target -> target.judge(rows).ifPresent(verdicts::add));
        judgeIdle(verdicts, idle, Contest.IDLE_MQTT, "upstream", "KiB for an idle MQTT identity", 9);
        judgeIdle(verdicts, idle, Contest.IDLE_AMQP, "upstream-unshared", "KiB for an idle AMQP connection", 14);
        judgeIdle(verdicts, idle, Contest.IDLE_AMQP, "upstream", "KiB for a further AMQP identity on it", 4);
        return verdicts;
    }

    private static void judgeIdle(
            List<Verdict> verdicts, List<IdleRow> rows, Contest contest, String client, String name, double wanted) {
        rows.stream()
                .filter(row -> row.isComplete()
                        && row.contest() == contest
                        && row.client().equals(client))
                .forEach(row -> verdicts.add(new Verdict(name, wanted, row.kibEach(), row.kibEach() <= wanted)));
    }

    private Optional<Verdict> judge(List<Row> rows) {
        List<Row> field = rows.stream()
                .filter(row -> row.contest() == contest
                        && row.window() == window
                        && !row.rounds().isEmpty())
                .toList();
        String ours = contest == Contest.PROXY ? Contest.THROUGH_PROXY : "upstream";
        Optional<Row> mine = row(field, ours);
        Optional<Row> other = opponent(field);
        if (mine.isEmpty() || (other.isEmpty() && against != Against.NOTHING)) {
            return Optional.empty();
        }
        double got =
                mine.get().best(metric) / other.map(row -> row.best(metric)).orElse(1.0);
        return Optional.of(
                new Verdict(name(other), wanted, got, metric == Metric.RATE ? got >= wanted : got <= wanted));
    }

    private Optional<Row> opponent(List<Row> field) {
        return switch (against) {
            case BEST_PEER -> field.stream().filter(Row::isPeer).max(byMetric());
            case LIMIT -> row(field, "limit");
            case DIRECT -> row(field, "upstream");
            case RELAY -> row(field, Contest.THROUGH_RELAY);
            case NOTHING -> Optional.empty();
        };
    }

    private static Optional<Row> row(List<Row> field, String client) {
        return field.stream().filter(row -> row.client().equals(client)).findFirst();
    }

    private Comparator<Row> byMetric() {
        return (one, other) -> {
            double left = one.best(metric);
            double right = other.best(metric);
            return left == right ? 0 : metric.isBetter(left, right) ? 1 : -1;
        };
    }

    private String name(Optional<Row> other) {
        String to = other.map(row -> " ÷ " + row.client()).orElse("");
        return contest.id() + ", window " + window + ": " + metric.id() + to;
    }
}
