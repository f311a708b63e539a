// SPDX-License-Identifier: Apache-2.0
package io.upstream.spi;

import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamTransport;
import java.util.Set;

/** A module that speaks one or more protocols; found by {@link java.util.ServiceLoader}. */
public interface UpstreamTransportProvider {
    /** What it can speak; not empty. */
    Set<UpstreamProtocol> protocols();

    /**
     * Makes a transport for exactly {@code protocol}, one of {@link #protocols}; does not connect. It borrows {@code runtime}:
     * closing the transport leaves the runtime open.
     */
    UpstreamTransport create(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime);
}
