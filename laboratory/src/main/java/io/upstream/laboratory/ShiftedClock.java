// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;

/** The system's time and something more. Thread-safe. */
final class ShiftedClock extends Clock {
    private volatile Duration shift = Duration.ZERO;

    /** Jumps from where it is. */
    synchronized void shift(Duration by) {
        shift = shift.plus(by);
    }

    /** The system's time again. */
    synchronized void reset() {
        shift = Duration.ZERO;
    }

    @Override
    public Instant instant() {
        return Instant.now().plus(shift);
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("the laboratory's clock knows UTC only");
    }
}
