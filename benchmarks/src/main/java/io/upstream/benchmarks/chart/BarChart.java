// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.chart;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Groups of horizontal bars on one axis, one colour for each series, as a self-contained SVG. Not safe for use by several threads. */
public final class BarChart {
    private static final List<String> COLOURS =
            List.of("#0b6e4f", "#c8553d", "#9aa5b1", "#3d5a80", "#e0a458", "#7a5195");
    private static final int WIDTH = 960;
    private static final int LABELS = 300;
    private static final int NOTES = 150;
    private static final int BAR = 13;
    private static final int GAP = 10;
    private static final int HEAD = 64;

    private final String title;
    private final Scale scale;
    private final List<Group> groups = new ArrayList<>();
    private final Set<String> series = new LinkedHashSet<>();

    /** How a value becomes a length. */
    public enum Scale {
        LINEAR,
        /** From a tenth of the smallest value on; for values of several orders of magnitude. */
        LOGARITHMIC
    }

    private record Bar(String series, double value, String note) {}

    private record Group(String label, List<Bar> bars) {}

    public BarChart(String title, Scale scale) {
        this.title = title;
        this.scale = scale;
    }

    /** Begins a group, below those before. */
    public BarChart group(String label) {
        groups.add(new Group(label, new ArrayList<>()));
        return this;
    }

    /**
     * Adds a bar to the last group.
     *
     * @param value positive
     * @param note written behind the bar
     */
    public BarChart bar(String name, double value, String note) {
        if (!(value > 0)) {
            throw new IllegalArgumentException("a bar must have a positive value, was " + value);
        }
        series.add(name);
        groups.get(groups.size() - 1).bars().add(new Bar(name, value, note));
        return this;
    }

    /** The drawing. */
    public String svg() {
        int height = HEAD
                + groups.stream().mapToInt(g -> g.bars().size() * BAR + GAP).sum();
        StringBuilder out = new StringBuilder(String.format(
                Locale.ROOT,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">%n"
                        + "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>%n"
                        + "<text x=\"12\" y=\"24\" font-size=\"16\">%s</text>%n",
                WIDTH,
                height,
                escape(title)));
        legend(out);
        int y = HEAD;
        for (Group group : groups) {
            text(out, LABELS - 8, y + BAR - 3, "end", group.label());
            for (Bar bar : group.bars()) {
                draw(out, bar, y);
                y += BAR;
            }
            y += GAP;
        }
        return out.append("</svg>\n").toString();
    }

    private void legend(StringBuilder out) {
        int x = LABELS;
        for (String name : series) {
            rectangle(out, x, 38, 10, 10, colour(name));
            text(out, x + 14, 47, "start", name);
            x += 30 + 7 * name.length();
        }
    }

    private void draw(StringBuilder out, Bar bar, int y) {
        double length = (WIDTH - LABELS - NOTES) * share(bar.value());
        rectangle(out, LABELS, y, length, BAR - 2, colour(bar.series()));
        text(out, LABELS + length + 5, y + BAR - 4, "start", bar.note());
    }

    private double share(double value) {
        double largest = bounds(true);
        if (scale == Scale.LINEAR) {
            return value / largest;
        }
        double least = bounds(false) / 10;
        return Math.log(value / least) / Math.log(largest / least);
    }

    private double bounds(boolean largest) {
        var values = groups.stream().flatMap(g -> g.bars().stream()).mapToDouble(Bar::value);
        return (largest ? values.max() : values.min()).orElse(1);
    }

    private String colour(String name) {
        return COLOURS.get(List.copyOf(series).indexOf(name) % COLOURS.size());
    }

    private static void rectangle(StringBuilder out, int x, int y, double width, int height, String colour) {
        out.append(String.format(
                Locale.ROOT,
                "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>%n",
                x,
                y,
                width,
                height,
                colour));
    }

    private static void text(StringBuilder out, double x, int y, String anchor, String text) {
        out.append(String.format(
                Locale.ROOT, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>%n", x, y, anchor, escape(text)));
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
