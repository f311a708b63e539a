// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.relay;

import java.time.Duration;

/**
 * What one direction of all connections is like at present.
 *
 * @param delay nanoseconds
 * @param jitter the most that is added to the delay, at random, in nanoseconds
 * @param bytesPerSecond 0 for as many as there are
 * @param dribble the largest piece that bytes are cut into, 0 for none
 * @param bundle nanoseconds for which bytes are collected before they go on together
 * @param largest what is read at once and is larger than this holds the direction up for good, 0 for none
 */
record Line(Flow flow, long delay, long jitter, int bytesPerSecond, int dribble, long bundle, int largest) {
    static final Line PLAIN = new Line(Flow.GOING, 0, 0, 0, 0, 0, 0);

    enum Flow {
        GOING,
        /** Nothing gets through, and nothing is lost: TCP would send it again. */
        HELD
    }

    boolean isPlain() {
        return equals(PLAIN);
    }

    Line withDelay(Duration least, Duration more) {
        return new Line(flow, least.toNanos(), more.toNanos(), bytesPerSecond, dribble, bundle, largest);
    }

    Line withBytesPerSecond(int rate) {
        return new Line(flow, delay, jitter, rate, dribble, bundle, largest);
    }

    Line withDribble(int most) {
        return new Line(flow, delay, jitter, bytesPerSecond, most, bundle, largest);
    }

    Line withBundle(Duration time) {
        return new Line(flow, delay, jitter, bytesPerSecond, dribble, time.toNanos(), largest);
    }

    Line withLargest(int bytes) {
        return new Line(flow, delay, jitter, bytesPerSecond, dribble, bundle, bytes);
    }

    Line held() {
        return new Line(Flow.HELD, delay, jitter, bytesPerSecond, dribble, bundle, largest);
    }
}
