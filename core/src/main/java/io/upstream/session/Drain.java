// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.UpstreamOptions;
import java.time.Duration;

/** How long a close lets sends finish. */
public final class Drain {
    private Drain() {}

    /** What the application asked for, within what a timer can count: none if negative, at most {@link UpstreamOptions#MAX_TIMEOUT}. */
    public static Duration bounded(Duration asked) {
        if (asked.isNegative()) {
            return Duration.ZERO;
        }
        return asked.compareTo(UpstreamOptions.MAX_TIMEOUT) > 0 ? UpstreamOptions.MAX_TIMEOUT : asked;
    }
}
