// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.util.List;
import java.util.function.ToDoubleFunction;

/** A figure of a round, and which of several is the best. */
@SuppressWarnings("ImmutableEnumChecker") // the functions are accessors
enum Metric {
    RATE("messagesPerSecond", Round::rate, true),
    CPU("cpuMicrosPerMessage", Round::cpuMicros, false),
    BYTES("bytesPerMessage", Round::bytes, false),
    P50("p50Micros", Round::p50Micros, false),
    P99("p99Micros", Round::p99Micros, false),
    SINK_CPU("sinkCpuMicrosPerMessage", Round::sinkCpuMicros, false);

    private final String id;
    private final ToDoubleFunction<Round> figure;
    private final boolean moreIsBetter;

    Metric(String id, ToDoubleFunction<Round> figure, boolean moreIsBetter) {
        this.id = id;
        this.figure = figure;
        this.moreIsBetter = moreIsBetter;
    }

    /** As it is written in JSON. */
    String id() {
        return id;
    }

    boolean isBetter(double one, double other) {
        return moreIsBetter ? one > other : one < other;
    }

    /** What the machine could do in the quietest of the rounds; NaN for none. */
    double best(List<Round> rounds) {
        var values = rounds.stream().mapToDouble(figure);
        return (moreIsBetter ? values.max() : values.min()).orElse(Double.NaN);
    }

    /** The middle one, or the mean of the two in the middle; NaN for none. */
    double median(List<Round> rounds) {
        double[] values = rounds.stream().mapToDouble(figure).sorted().toArray();
        int middle = values.length / 2;
        if (values.length == 0) {
            return Double.NaN;
        }
        return values.length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }
}
