// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

/**
 * How long it took to connect, one after the other.
 *
 * @param requests CONNECT requests for each connection
 * @param p50Micros from the call until the hub had let the identity in
 * @param cpuMicros of the client's whole process for each connection, its closing included
 * @param trouble why there are no figures, or empty
 */
record ConnectRow(
        Connects.Case way,
        int connections,
        double requests,
        double p50Micros,
        double p99Micros,
        double cpuMicros,
        String trouble) {

    /** A row without figures. */
    static ConnectRow failed(Connects.Case way, String trouble) {
        double none = Double.NaN;
        return new ConnectRow(way, 0, none, none, none, none, trouble);
    }

    boolean isComplete() {
        return trouble.isEmpty();
    }
}
