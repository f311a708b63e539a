// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

/**
 * What it took a process with little memory to hold very many identities, each on a TLS connection of its own.
 *
 * @param connectsPerSecond what the runtime let begin at most
 * @param managed how many were connected, and had a message acknowledged after the idle time
 * @param connections TCP connections to the hub at the end of the idle time
 * @param openSeconds until the last was open
 * @param cpuSeconds of the process until then
 * @param heapMib live heap in all
 * @param heapKibEach of it what was not there before, by identity
 * @param residentMib memory of the process, with heap, TLS, code and stacks
 * @param residentKibEach of it what was not there before, by identity
 * @param threads of Java while idle, and {@code peakThreads} while connecting less those before
 * @param idleCpuPercent of one processor while nothing is sent but keep-alives
 */
record MultitudeRow(
        int asked,
        int connectsPerSecond,
        int managed,
        int connections,
        double openSeconds,
        double cpuSeconds,
        double heapMib,
        double heapKibEach,
        double residentMib,
        double residentKibEach,
        int peakThreads,
        int threads,
        double idleCpuPercent,
        String trouble) {

    /** A row without figures. */
    static MultitudeRow failed(int asked, int connectsPerSecond, String trouble) {
        double none = Double.NaN;
        return new MultitudeRow(
                asked, connectsPerSecond, 0, 0, none, none, none, none, none, none, 0, 0, none, trouble);
    }

    boolean isComplete() {
        return managed == asked && connections == asked && trouble.isEmpty();
    }
}
