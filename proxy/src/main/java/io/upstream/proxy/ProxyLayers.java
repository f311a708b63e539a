// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.ConnectStage;
import java.util.List;

/** The layers between the socket to a proxy and the far end of its tunnel, by the proxy's kind. */
public final class ProxyLayers {
    private ProxyLayers() {}

    /**
     * Makes the layers of one attempt. May block on files.
     *
     * @throws UpstreamException of kind {@link FailureKind#CONFIGURATION} for a proxy that cannot be used
     */
    @SuppressWarnings("exports") // for our own modules, which see the stage contract
    public static List<ConnectStage> towards(ProxyServer proxy, HostPort target, UpstreamRuntime runtime)
            throws UpstreamException {
        if (proxy.kind() != ProxyKind.HTTP) {
            throw UpstreamException.of(
                    FailureKind.CONFIGURATION, Where.here("proxy"), "only http:// proxies are supported, not " + proxy);
        }
        return List.of(new TunnelStage(proxy, target));
    }
}
