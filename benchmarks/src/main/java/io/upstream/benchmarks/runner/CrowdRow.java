// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import io.upstream.benchmarks.load.Way;

/**
 * What it took one process to carry many identities.
 *
 * @param asked how many it was asked to carry
 * @param managed how many were connected, sent a message and had it acknowledged
 * @param connections TCP connections to the hub then
 * @param openSeconds until the last that came was open
 * @param sendSeconds from then until all of these were acknowledged
 * @param kibEach live heap for each, the library's own included
 * @param threads most Java threads at once, without those of an idle JVM
 * @param cpuSeconds of the client's process, for opening and sending
 * @param trouble the first failure, or empty
 */
record CrowdRow(
        String client,
        Way way,
        int asked,
        int managed,
        int connections,
        double openSeconds,
        double sendSeconds,
        double kibEach,
        int threads,
        double cpuSeconds,
        String trouble) {

    /** A row without figures. */
    static CrowdRow failed(String client, Way way, int asked, String trouble) {
        double none = Double.NaN;
        return new CrowdRow(client, way, asked, 0, 0, none, none, none, 0, none, trouble);
    }

    boolean isComplete() {
        return managed == asked && trouble.isEmpty();
    }
}
