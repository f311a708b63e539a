// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import org.jspecify.annotations.Nullable;

/** Neighbouring deliveries that were received and settled alike, and of which the peer has not been told yet. */
final class SettledRange {
    private @Nullable Outcome outcome;
    private int first;
    private int last;

    boolean isEmpty() {
        return outcome == null;
    }

    /** Adds a delivery if it is the next one with the same outcome; whether it was. */
    boolean extend(int id, Outcome same) {
        if (outcome != same || id != last + 1) {
            return false;
        }
        last = id;
        return true;
    }

    void begin(int id, Outcome its) {
        outcome = its;
        first = id;
        last = id;
    }

    void clear() {
        outcome = null;
    }

    /** Tells the peer, if there is anything to tell, and is empty then. */
    void writeTo(FrameWriter frames, int channel) {
        Outcome its = outcome;
        if (its != null) {
            outcome = null;
            frames.disposition(channel, true, first, last, its);
        }
    }
}
