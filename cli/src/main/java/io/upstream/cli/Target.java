// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.Credentials;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.proxy.ProxySettings;
import org.jspecify.annotations.Nullable;

/** Where to, and as whom. */
record Target(Identity identity, Credentials credentials, UpstreamOptions options) {

    /** The proxy that a connection with {@code protocol} goes through, without its credentials; null for none. */
    @Nullable
    String proxyFor(UpstreamProtocol protocol) throws UpstreamException {
        HostPort address = options.target(protocol);
        Route route = options.proxy().routesTo(address).get(0);
        return route.equals(Route.DIRECT) ? null : route.toString();
    }

    /** One line for people: the way that a connection with {@code protocol} takes, and why; null where nothing chooses. */
    @Nullable
    String wayOf(UpstreamProtocol protocol) {
        return options.proxy() instanceof ProxySettings settings ? settings.explain(options.target(protocol)) : null;
    }
}
