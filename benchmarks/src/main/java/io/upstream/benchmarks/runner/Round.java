// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * One client's turn, per message. Microseconds, bytes.
 *
 * @param sinkCpuMicros what the sink spent: where it comes near the whole time, the sink is what limits
 * @param reordered how many messages overtook others
 */
record Round(
        double rate,
        double cpuMicros,
        double bytes,
        double p50Micros,
        double p99Micros,
        double sinkCpuMicros,
        long reordered) {

    /** From what a client measured and by how much the sink's counters rose. */
    static Round of(JsonNode measured, long sinkCpuNanos, long reordered) {
        double messages = measured.path("messages").asDouble();
        return new Round(
                messages / measured.path("nanos").asDouble() * 1e9,
                measured.path("cpuNanos").asDouble() / messages / 1e3,
                measured.path("allocatedBytes").asDouble() / messages,
                measured.path("p50Nanos").asDouble() / 1e3,
                measured.path("p99Nanos").asDouble() / 1e3,
                sinkCpuNanos / messages / 1e3,
                reordered);
    }
}
