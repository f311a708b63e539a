// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.UpstreamRuntime;
import java.time.Instant;
import java.time.InstantSource;

/**
 * The time of day of everything on one runtime. It may be wrong, and it may jump: it says when a new token shall end and whether the machine
 * was asleep, and no timer goes by it. Thread-safe.
 */
public final class WallClock {
    private final InstantSource source;

    /** Another one than the system's: for whoever puts it into a runtime before anybody asks for it there. */
    public WallClock(InstantSource source) {
        this.source = source;
    }

    /** The one of all transports on {@code runtime}. */
    public static WallClock of(UpstreamRuntime runtime) {
        return runtime.shared(WallClock.class, () -> new WallClock(InstantSource.system()));
    }

    /** What it says now. */
    public Instant now() {
        return source.instant();
    }
}
