// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.UpstreamException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Brings one session onto connections, one after the other. Confined to the session's event loop. */
public interface Connector {
    /**
     * Tries once, and tells {@link LineOwner#up} or {@link LineOwner#failed} in the end. Called when there is no line and no other attempt.
     *
     * @param after why there is no line, which decides how long to pause before; null for at once
     */
    void connect(LineOwner owner, @Nullable UpstreamException after);

    /**
     * The network has changed: what is paused for may have passed. Ends the pause before an attempt, unless the failure has nothing to do with
     * the network.
     */
    void hurry();

    /**
     * The session is over, and so is its line if it had one: gives up an attempt that is under way, and gives back everything.
     *
     * @return done when everything is closed that this closes; never fails
     */
    CompletionStage<Void> leave();
}
