// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What an observer may know of a session, all from one moment.
 *
 * @param cause why the session has no connection: the latest failure; null while it has one, while it renews it as planned, and after {@code close}
 * @param attempt which attempt at another connection comes next or is under way while {@link Phase#RECONNECTING}, 1 for the first; else 0
 * @param nextAttemptIn how long that one waits at least, counted from the moment that this status began; zero for at once
 */
public record SessionStatus(Phase phase, @Nullable UpstreamException cause, int attempt, Duration nextAttemptIn) {
    /** Where no attempt is planned. */
    public SessionStatus(Phase phase, @Nullable UpstreamException cause) {
        this(phase, cause, 0, Duration.ZERO);
    }
}
