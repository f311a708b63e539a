// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How long an HTTP peer asks to be left alone (RFC 9110 section 10.2.3). */
public final class RetryAfter {
    /** Whoever asks for more is asked again all the same: a mistake there must not silence a site for a year. */
    public static final Duration MOST = Duration.ofSeconds(60);

    private RetryAfter() {}

    /**
     * Reads a field's value: seconds only, since a date would have to be read by the peer's clock.
     *
     * @return zero if it says nothing of use, at most {@link #MOST}
     */
    public static Duration of(@Nullable String value) {
        if (value == null || !value.matches("[0-9]{1,9}")) {
            return Duration.ZERO;
        }
        Duration asked = Duration.ofSeconds(Integer.parseInt(value));
        return asked.compareTo(MOST) < 0 ? asked : MOST;
    }
}
