// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.util.List;

/**
 * What one client did in one contest with one window.
 *
 * @param failure why there are fewer rounds than asked for, or empty
 */
record Row(Contest contest, int window, String client, String tls, List<Round> rounds, String failure) {

    double best(Metric metric) {
        return metric.best(rounds);
    }

    double median(Metric metric) {
        return metric.median(rounds);
    }

    boolean isComplete() {
        return failure.isEmpty();
    }

    boolean isPeer() {
        return !client.startsWith("upstream") && !client.equals("limit");
    }
}
