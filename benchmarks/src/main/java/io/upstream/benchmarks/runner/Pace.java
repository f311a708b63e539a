// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import java.time.Duration;

/**
 * How long everything takes.
 *
 * @param rounds how often each client has its turn
 * @param round how long a turn is; half as long for window 1, where there is little to warm
 * @param warmUp how long each client sends before the first round
 * @param identities how many do nothing where the library shares its threads; a quarter of it where it does not
 * @param quick whether this only shows that everything works: fewer windows
 */
record Pace(int rounds, Duration round, Duration warmUp, int identities, boolean quick) {
    private static final int FEW = 4;

    static Pace of(int rounds, double seconds) {
        Duration round = Duration.ofMillis(Math.round(seconds * 1_000));
        return new Pace(rounds, round, round.multipliedBy(2), 200, false);
    }

    /** A smoke test: the figures mean nothing. */
    static Pace smoke() {
        return new Pace(1, Duration.ofMillis(300), Duration.ofMillis(500), 20, true);
    }

    Duration round(int window) {
        return window == 1 ? round.dividedBy(2) : round;
    }

    boolean takesPart(int window) {
        return !quick || window != 32;
    }

    boolean takesPart(String client) {
        return !quick || !client.equals("azure-raised");
    }

    int identities(String client) {
        boolean sharesThreads = client.startsWith("upstream") || client.equals("hivemq");
        return sharesThreads ? identities : identities / FEW;
    }
}
