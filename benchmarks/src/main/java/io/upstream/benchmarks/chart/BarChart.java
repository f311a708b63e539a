// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.chart;

import java.util.List;
import java.util.Locale;

/**
 * Horizontal bars in groups as plain SVG without scripts or fonts of its own, readable on light and on dark ground.
 *
 * @param subtitle what the numbers are and whether long or short is good
 * @param footer where it was measured
 */
public record BarChart(String title, String subtitle, Scale scale, List<Group> groups, List<String> footer) {
    private static final int WIDTH = 860;
    private static final int LEFT = 190;
    private static final int LONGEST = 540;
    private static final int BAR = 18;
    private static final int STEP = 24;
    private static final int TOP = 66;
    private static final int GROUP_HEAD = 34;
    private static final int FOOTER_LINE = 15;
    private static final double SHORTEST = 2;

    private static final String STYLE = """
              <style>
                text { font: 13px system-ui, sans-serif; fill: #1f2328 }
                .title { font-size: 18px; font-weight: 600 }
                .group { font-weight: 600 }
                .quiet { font-size: 11px; fill: #59636e }
                .ours { fill: #0f7b6c } .peer { fill: #8c96a3 } .limit { fill: none; stroke: #8c96a3; stroke-dasharray: 4 3 }
                @media (prefers-color-scheme: dark) {
                  text { fill: #e6edf3 } .quiet { fill: #9198a1 }
                  .ours { fill: #3fc1a5 } .peer { fill: #6e7681 } .limit { stroke: #9198a1 }
                }
              </style>
            """;

    /** How long a bar is for its value, in its group. */
    public enum Scale {
        LINEAR,
        /** Equal steps for equal ratios: for values that differ by orders of magnitude. */
        LOGARITHMIC
    }

    /** Bars with a heading; only these are compared with each other. */
    public record Group(String title, List<Bar> bars) {}

    /** One value with what to print beside it. */
    public record Bar(String label, double value, String text, Kind kind) {}

    /** How a bar is drawn. */
    public enum Kind {
        OURS,
        PEER,
        LIMIT
    }

    /** The drawing, self-contained. */
    public String toSvg() {
        StringBuilder out = new StringBuilder();
        int bars = groups.stream().mapToInt(group -> group.bars().size()).sum();
        int height = TOP + groups.size() * GROUP_HEAD + bars * STEP + 16 + footer.size() * FOOTER_LINE;
        line(
                out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                WIDTH,
                height,
                escaped(title));
        out.append(STYLE);
        text(out, 16, 28, "title", title);
        text(out, 16, 48, "quiet", subtitle);
        int y = TOP;
        for (Group group : groups) {
            text(out, 16, y + 20, "group", group.title());
            y += GROUP_HEAD;
            for (Bar bar : group.bars()) {
                draw(out, bar, y, length(group, bar.value()));
                y += STEP;
            }
        }
        y += 18;
        for (String words : footer) {
            text(out, 16, y, "quiet", words);
            y += FOOTER_LINE;
        }
        return out.append("</svg>\n").toString();
    }

    private static void draw(StringBuilder out, Bar bar, int y, double length) {
        line(out, "  <text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", LEFT - 8, y + 14, escaped(bar.label()));
        line(
                out,
                "  <rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>",
                bar.kind().name().toLowerCase(Locale.ROOT),
                LEFT,
                y,
                length,
                BAR);
        line(out, "  <text x=\"%.1f\" y=\"%d\">%s</text>", LEFT + length + 8, y + 14, escaped(bar.text()));
    }

    /** The longest bar of a group fills the width; on a logarithmic scale the shortest has a tenth of it. */
    private double length(Group group, double value) {
        double most = group.bars().stream().mapToDouble(Bar::value).max().orElse(1);
        double least = group.bars().stream().mapToDouble(Bar::value).min().orElse(1);
        if (scale == Scale.LINEAR || least <= 0 || most <= least) {
            return most <= 0 ? SHORTEST : Math.max(SHORTEST, LONGEST * value / most);
        }
        return LONGEST * (0.1 + 0.9 * Math.log(value / least) / Math.log(most / least));
    }

    private static void text(StringBuilder out, int x, int y, String style, String words) {
        line(out, "  <text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>", style, x, y, escaped(words));
    }

    private static void line(StringBuilder out, String form, Object... values) {
        out.append(String.format(Locale.ROOT, form, values)).append('\n');
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
