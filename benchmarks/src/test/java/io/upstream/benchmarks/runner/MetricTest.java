// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetricTest {
    @ParameterizedTest
    @CsvSource({"'', NaN, NaN, NaN", "'5', 5, 5, 5", "'3 1 2', 3, 1, 2", "'4 1 3 2', 4, 1, 2.5"})
    void knowsTheBestAndTheMiddle(String figures, double most, double least, double median) {
        List<Round> rounds = new ArrayList<>();
        for (String figure : figures.split(" ", -1)) {
            if (!figure.isEmpty()) {
                double value = Double.parseDouble(figure);
                rounds.add(new Round(value, value, value, value, value, value, 0));
            }
        }
        assertEquals(most, Metric.RATE.best(rounds));
        assertEquals(least, Metric.CPU.best(rounds));
        assertEquals(median, Metric.RATE.median(rounds));
        assertEquals(median, Metric.P99.median(rounds));
    }

    @Test
    void comparesEachMetricItsOwnWay() {
        assertEquals(List.of(true, false), List.of(Metric.RATE.isBetter(2, 1), Metric.BYTES.isBetter(2, 1)));
    }
}
