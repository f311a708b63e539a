// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.List;

/** Says which ways a connection may take. Asked anew for each attempt, off the event loop; thread-safe. */
@FunctionalInterface
public interface ProxyChoice {
    /** Straight to the hub. */
    ProxyChoice DIRECT = target -> List.of(Route.DIRECT);

    /**
     * Chooses for one destination: the ways to try in this order. The next is taken when a proxy cannot be reached, or cannot reach the hub;
     * never when it refuses.
     *
     * @return at least one
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} if what was configured is not usable: a proxy that
     *     cannot be understood is never passed by
     */
    List<Route> routesTo(HostPort target) throws UpstreamException;

    /**
     * Told of a way that was tried and did not lead to the hub, before the next one is taken, or the attempt fails: so that a choice can
     * avoid it for a while. Called on the event loop: must not block. Does nothing unless overridden.
     *
     * @param route one that {@link #routesTo} gave
     * @param target for which
     * @param why what happened on it
     */
    default void failed(Route route, HostPort target, UpstreamException why) {}

    /** The host has another network: what failed where it was says nothing any more. Does nothing unless overridden. */
    default void networkChanged() {}
}
