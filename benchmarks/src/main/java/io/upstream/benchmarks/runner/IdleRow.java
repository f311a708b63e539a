// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

/**
 * What connected identities cost that do nothing.
 *
 * @param failure why there is no figure, or empty
 */
record IdleRow(Contest contest, String client, int identities, double kibEach, double threadsEach, String failure) {

    boolean isComplete() {
        return failure.isEmpty();
    }

    boolean isPeer() {
        return !client.startsWith("upstream");
    }
}
