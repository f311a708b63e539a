// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.Objects;

/**
 * How a session comes back when its connection is lost: after a random pause of at most {@code first}, which doubles with each failure up to
 * {@code most}, for ever. The pause is drawn anew from the whole range each time ("full jitter"), so that many sessions that were lost
 * together do not come back together. A session that has been connected for 30 s begins with {@code first} again.
 *
 * <p>What will not pass by itself soon is tried less often, in multiples of {@code most}: a refused key or certificate, an unknown device, a
 * proxy that wants other credentials; a hub that asks for less is left alone for a while.
 *
 * @param first more than zero, at most {@code most}
 * @param most at most {@link UpstreamOptions#MAX_TIMEOUT}
 */
public record Reconnect(Duration first, Duration most) {
    /** At most 1 s after the first loss, at most 60 s later. */
    public static final Reconnect DEFAULT = new Reconnect(Duration.ofSeconds(1), Duration.ofSeconds(60));

    /** For whoever wants to open sessions himself: one ends for good when its connection is lost. */
    public static final Reconnect NEVER = new Reconnect(Duration.ZERO, Duration.ZERO);

    public Reconnect {
        Objects.requireNonNull(first, "first");
        Objects.requireNonNull(most, "most");
        boolean never = first.isZero() && most.isZero();
        if (!never
                && (first.isNegative()
                        || first.isZero()
                        || first.compareTo(most) > 0
                        || most.compareTo(UpstreamOptions.MAX_TIMEOUT) > 0)) {
            throw new IllegalArgumentException(
                    "the first pause must be more than zero, and the longest at least that and at most a day: " + first
                            + ", " + most);
        }
    }

    /** Whether a lost connection ends the session. */
    public boolean isNever() {
        return most.isZero();
    }
}
