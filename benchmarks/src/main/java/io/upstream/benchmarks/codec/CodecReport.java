// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.benchmarks.chart.BarChart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * JMH's result as a table and a chart. Times are those of the best fork, since everything else that runs on a machine makes them longer;
 * bytes allocated per operation hardly vary. Peers' handlers and the variants of our own stand in the second table.
 */
public final class CodecReport {
    private static final String OURS = "UPSTREAM";
    private static final String LIMIT = "LIMIT";
    private static final String NETTY = "NETTY";
    private static final String BY_NETTY = "ByNetty";
    private static final String OF_LIMIT = "Limit";
    private static final String INDEX = "codecs.md";
    private static final String CHART = "codecs.svg";

    private final Map<String, List<Figure>> rows = new LinkedHashMap<>();

    private CodecReport() {}

    private record Figure(String codec, double nanos, double bytes) {
        boolean isOurs() {
            return codec.startsWith(OURS);
        }

        boolean isLimit() {
            return codec.startsWith(LIMIT);
        }

        String text() {
            return codec + " " + number(nanos) + ", " + number(bytes) + " B";
        }
    }

    /**
     * Prints the tables, and writes them with the chart.
     *
     * @param args JMH's JSON, by default where {@link CodecSuite} puts it; then the directory, by default {@code docs/benchmarks}
     */
    public static void main(String[] args) throws IOException {
        Path result = args.length > 0 ? Path.of(args[0]) : CodecSuite.RESULT;
        Path directory = Path.of(args.length > 1 ? args[1] : "docs/benchmarks");
        CodecReport report = new CodecReport();
        report.read(new ObjectMapper().readTree(result.toFile()));
        String tables = report.tables();
        System.out.print(tables);
        Files.createDirectories(directory);
        Files.writeString(directory.resolve(INDEX), tables);
        Files.writeString(directory.resolve(CHART), report.chart());
    }

    private void read(JsonNode results) {
        for (JsonNode result : results) {
            String[] name = result.path("benchmark").asText().split("\\.", -1);
            String method = name[name.length - 1];
            String operation = name[name.length - 2].replace("Benchmark", "");
            JsonNode params = result.path("params");
            String codec;
            if (params.has("codec")) {
                codec = params.path("codec").asText();
            } else { // a method for each candidate: the peer's and the limit's are named for it
                codec = method.endsWith(BY_NETTY) ? NETTY : method.endsWith(OF_LIMIT) ? LIMIT : OURS;
                operation += " " + method.replace(BY_NETTY, "").replace(OF_LIMIT, "");
            }
            String size = params.has("size") ? " " + params.path("size").asText() + " B" : "";
            rows.computeIfAbsent(operation + size, key -> new ArrayList<>())
                    .add(new Figure(
                            codec,
                            bestFork(result.path("primaryMetric")),
                            bestFork(result.path("secondaryMetrics").path("gc.alloc.rate.norm"))));
        }
    }

    private static double bestFork(JsonNode metric) {
        double best = Double.MAX_VALUE;
        for (JsonNode fork : metric.path("rawData")) {
            double sum = 0;
            for (JsonNode iteration : fork) {
                sum += iteration.asDouble();
            }
            best = Math.min(best, sum / Math.max(1, fork.size()));
        }
        return best == Double.MAX_VALUE ? Double.NaN : best;
    }

    private static Optional<Figure> best(List<Figure> figures) {
        return figures.stream().min(Comparator.comparingDouble(Figure::nanos));
    }

    private static Optional<Figure> peer(List<Figure> figures) {
        return best(figures.stream().filter(f -> !f.isOurs() && !f.isLimit()).toList());
    }

    private static Optional<Figure> ours(List<Figure> figures) {
        return figures.stream().filter(f -> f.codec().equals(OURS)).findFirst();
    }

    private static Optional<Figure> limit(List<Figure> figures) {
        return best(figures.stream().filter(Figure::isLimit).toList());
    }

    private String tables() {
        StringBuilder out = new StringBuilder(
                        "# Codecs\n\nNanoseconds and bytes allocated per message, best of the forks. `")
                .append(Runtime.version())
                .append("`, ")
                .append(Runtime.getRuntime().availableProcessors())
                .append(" processors. How to run them: [benchmarks](../../benchmarks/README.md).\n\n![](")
                .append(CHART)
                .append(")\n\n| operation | Upstream | best peer | times faster | limit | target |\n")
                .append("| --- | ---: | ---: | ---: | ---: | ---: |\n");
        rows.forEach((operation, figures) -> out.append(String.format(
                "| %s | %s | %s | %s | %s | %s |%n",
                operation,
                ours(figures)
                        .map(f -> number(f.nanos()) + ", " + number(f.bytes()) + " B")
                        .orElse(""),
                peer(figures).map(Figure::text).orElse(""),
                ours(figures)
                        .flatMap(own -> peer(figures).map(peer -> number(peer.nanos() / own.nanos())))
                        .orElse(""),
                limit(figures).map(f -> number(f.nanos())).orElse(""),
                CodecTargets.of(operation))));
        out.append("\n| operation | all candidates |\n| --- | --- |\n");
        rows.forEach((operation, figures) -> out.append("| ")
                .append(operation)
                .append(" | ")
                .append(String.join("; ", figures.stream().map(Figure::text).toList()))
                .append(" |\n"));
        return out.toString();
    }

    private String chart() {
        List<BarChart.Group> groups = new ArrayList<>();
        rows.forEach((operation, figures) -> {
            List<BarChart.Bar> bars = new ArrayList<>();
            ours(figures).ifPresent(f -> bars.add(bar("Upstream", f, BarChart.Kind.OURS)));
            peer(figures).ifPresent(f -> bars.add(bar(f.codec(), f, BarChart.Kind.PEER)));
            limit(figures).ifPresent(f -> bars.add(bar("the limit: memory", f, BarChart.Kind.LIMIT)));
            groups.add(new BarChart.Group(operation, bars));
        });
        return new BarChart(
                        "Codecs: time per message",
                        "nanoseconds, logarithmic, beside the best peer; shorter is better; behind it the bytes allocated",
                        BarChart.Scale.LOGARITHMIC,
                        groups,
                        List.of("Java " + Runtime.version() + ", "
                                + Runtime.getRuntime().availableProcessors() + " processors"))
                .toSvg();
    }

    private static BarChart.Bar bar(String label, Figure figure, BarChart.Kind kind) {
        String text = number(figure.nanos()) + " ns, " + number(figure.bytes()) + " B";
        return new BarChart.Bar(label, figure.nanos(), text, kind);
    }

    private static String number(double value) {
        return Double.isNaN(value)
                ? "–"
                : value < 9.95 && value > 0.05
                        ? String.format(Locale.ROOT, "%.1f", value)
                        : String.format(Locale.ROOT, "%,.0f", value);
    }
}
