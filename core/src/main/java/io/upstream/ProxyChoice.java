// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Optional;

/** Says which proxy, if any, a connection goes through. Asked anew for each attempt, off the event loop; thread-safe. */
@FunctionalInterface
public interface ProxyChoice {
    /** Straight to the hub. */
    ProxyChoice DIRECT = target -> Optional.empty();

    /**
     * Chooses for one destination.
     *
     * @return empty for a direct connection
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} if what was configured is not usable: a proxy that
     *     cannot be understood is never passed by
     */
    Optional<ProxyServer> proxyFor(HostPort target) throws UpstreamException;
}
