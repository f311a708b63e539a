// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.Phase;
import io.upstream.UpstreamException;
import io.upstream.watch.SessionWatch;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Counts a session's attempts from one line to the next, and tells of each once: when it is known how long the pause before it is, and at the
 * latest before anything comes of it. Confined to the event loop.
 */
final class Comeback {
    private final Lifecycle lifecycle;
    private final SessionWatch watch;
    private final Connector connector;
    private int attempt;
    private @Nullable Notice notice;

    /**
     * What is to be told of the attempt that was asked for last.
     *
     * @param news whether the session's status changes by it
     */
    private record Notice(@Nullable UpstreamException cause, News news) {}

    /** Whether the application learns of an attempt. */
    enum News {
        STATUS,
        /** Its status says so already. */
        NONE
    }

    Comeback(Lifecycle lifecycle, SessionWatch watch, Connector connector) {
        this.lifecycle = lifecycle;
        this.watch = watch;
        this.connector = connector;
    }

    /** Has the first attempt made. */
    void first(LineOwner owner) {
        watch.planned(0, Duration.ZERO, null);
        connector.connect(owner, null);
    }

    /** Has another one made. */
    void again(LineOwner owner, @Nullable UpstreamException cause, News news) {
        attempt++;
        notice = new Notice(cause, news);
        connector.connect(owner, cause);
        tell(Duration.ZERO);
    }

    /** It begins after {@code pause}, at the earliest. */
    void waits(Duration pause) {
        tell(pause);
    }

    /** Something comes of it. */
    void arrives() {
        tell(Duration.ZERO);
    }

    /** The session is connected: the next loss begins to count anew. */
    void succeeded() {
        attempt = 0;
    }

    private void tell(Duration pause) {
        Notice due = notice;
        if (due == null) {
            return;
        }
        notice = null;
        watch.planned(attempt, pause, due.cause());
        if (due.news() == News.STATUS) {
            lifecycle.moveTo(Phase.RECONNECTING, due.cause(), attempt, pause);
        }
    }
}
