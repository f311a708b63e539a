// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.chart;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.benchmarks.chart.BarChart.Bar;
import io.upstream.benchmarks.chart.BarChart.Group;
import io.upstream.benchmarks.chart.BarChart.Kind;
import io.upstream.benchmarks.chart.BarChart.Scale;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class BarChartTest {
    @ParameterizedTest
    @CsvSource({
        "LINEAR, 100, 50, 540.0, 270.0",
        "LINEAR, 100, 0, 540.0, 2.0",
        "LINEAR, 0, 0, 2.0, 2.0",
        "LOGARITHMIC, 100, 1, 540.0, 54.0",
        "LOGARITHMIC, 5, 5, 540.0, 540.0"
    })
    void drawsBarsAsLongAsTheirValues(Scale scale, double one, double other, double length, double otherLength)
            throws Exception {
        Group group = new Group("g", List.of(new Bar("a", one, "1", Kind.OURS), new Bar("b", other, "2", Kind.PEER)));
        NodeList bars = parse(new BarChart("t", "s", scale, List.of(group), List.of()).toSvg())
                .getElementsByTagName("rect");
        assertEquals(
                List.of(length, otherLength),
                IntStream.range(0, bars.getLength())
                        .mapToObj(i -> Double.valueOf(((Element) bars.item(i)).getAttribute("width")))
                        .toList());
        assertEquals("ours", ((Element) bars.item(0)).getAttribute("class"));
    }

    @Test
    void escapesWhatItPrints() throws Exception {
        Group group = new Group("1 < 2 & 3", List.of(new Bar("\"a\"", 1, "1 µs", Kind.LIMIT)));
        String svg = new BarChart("<t>", "s", Scale.LINEAR, List.of(group), List.of("4 × CPU")).toSvg();
        String text = parse(svg).getDocumentElement().getTextContent();
        for (String words : List.of("<t>", "1 < 2 & 3", "\"a\"", "1 µs", "4 × CPU")) {
            assertTrue(text.contains(words), () -> words + " in " + text);
        }
    }

    @Test
    void hasColoursForDarkGround() {
        assertTrue(new BarChart("t", "s", Scale.LINEAR, List.of(), List.of())
                .toSvg()
                .contains("prefers-color-scheme: dark"));
    }

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new ByteArrayInputStream(svg.getBytes(StandardCharsets.UTF_8)));
    }
}
