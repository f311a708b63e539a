// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import java.util.concurrent.TimeUnit;

/** When the peer was heard last, when it heard from us, and how long either may be silent (AMQP 1.0 section 2.4.5). */
final class IdleTimes {
    /** Shorter ones would keep us busy with empty frames. */
    private static final long SHORTEST_MILLIS = 1_000;

    private final long patience;
    private long lastInput;
    private long lastOutput;

    /** At most half of what the peer asks for, if it asks. */
    private long sendEvery;

    /**
     * All times are in nanoseconds.
     *
     * @param patience how long the peer may be silent
     * @param sendEvery how long we are, if the peer does not ask for less
     */
    IdleTimes(long patience, long sendEvery, long now) {
        this.patience = patience;
        this.sendEvery = sendEvery;
        lastInput = now;
        lastOutput = now;
    }

    /** @param millis how often the peer wants to hear from us; 0 for never */
    void peerAsksFor(long millis) {
        if (millis > 0) {
            sendEvery = Math.min(sendEvery, TimeUnit.MILLISECONDS.toNanos(Math.max(SHORTEST_MILLIS, millis)) / 2);
        }
    }

    void heard(long now) {
        lastInput = now;
    }

    void spoke(long now) {
        lastOutput = now;
    }

    boolean isPeerSilent(long now) {
        return now - lastInput >= patience;
    }

    boolean isSignOfLifeDue(long now) {
        return now - lastOutput >= sendEvery;
    }

    long patienceSeconds() {
        return TimeUnit.NANOSECONDS.toSeconds(patience);
    }

    /** In how many nanoseconds to look again. */
    long nextLook(long now) {
        return Math.max(1, Math.min(patience - (now - lastInput), sendEvery - (now - lastOutput)));
    }
}
