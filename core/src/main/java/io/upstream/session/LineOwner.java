// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.UpstreamException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What lines and connectors know of the session that they serve. Confined to its event loop. */
public interface LineOwner {
    /** The session's messages, of this line and of those before and after it. */
    Outbox outbox();

    /** The hub has welcomed the identity: {@code line} is of use from now on. May use it at once. */
    void up(Line line);

    /** The attempt that {@link Connector#connect} was asked for begins after {@code pause}, at the earliest; said within that call or not at all. */
    default void waits(Duration pause) {}

    /** The attempt that {@link Connector#connect} made is over and did not succeed. */
    void failed(UpstreamException cause);

    /**
     * The hub has taken back what it had confirmed, and the rest of {@code line} goes on: nothing of {@code subject} comes until it is asked
     * for again.
     */
    void lost(Line line, Subject subject, UpstreamException cause);

    /** {@code line} is about to end as planned, to be replaced: it only waits for answers and takes nothing new. */
    void retiring(Line line);

    /**
     * {@code line} is over: nothing that it was given is under way any more, but for messages, which stay in the outbox.
     *
     * @param cause null if it ended as it was told or had planned
     */
    void down(Line line, @Nullable UpstreamException cause);
}
