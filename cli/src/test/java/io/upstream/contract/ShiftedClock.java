// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/** The system's time, ahead by as much as tests have skipped. */
final class ShiftedClock extends Clock {
    private final AtomicLong aheadMillis = new AtomicLong();

    void skip(Duration time) {
        aheadMillis.addAndGet(time.toMillis());
    }

    @Override
    public Instant instant() {
        return Instant.now().plusMillis(aheadMillis.get());
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        throw new UnsupportedOperationException("instants only");
    }
}
