// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import io.upstream.Route;
import io.upstream.UpstreamException;
import java.util.List;

/** Where proxies are named: options, a selector, Java's properties, the environment. Thread-safe. */
interface ProxySource {
    /** For people: what decided. */
    String name();

    /**
     * The ways to {@code target} in the order in which they are named; may block.
     *
     * @return at least one
     * @throws UpstreamException if what is named cannot be used
     */
    List<Route> routesTo(HostPort target) throws UpstreamException;

    /**
     * Fails if {@link #routesTo} would for every destination.
     *
     * @throws UpstreamException saying why
     */
    default void validate() throws UpstreamException {}

    /** Told of a proxy that could not be reached; does not block. */
    default void failed(Route route, UpstreamException why) {}
}
