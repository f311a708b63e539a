// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.connect.AddressOrder;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.NameLookup;
import io.upstream.connect.TlsStage;
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
        return switch (proxy.kind()) {
            case HTTP -> List.of(new TunnelStage(proxy, target, runtime));
            case HTTPS -> List.of(TlsStage.toProxy(proxy, runtime), new TunnelStage(proxy, target, runtime));
            case SOCKS5, SOCKS5H, SOCKS4, SOCKS4A ->
                List.of(new SocksStage(proxy, target, NameLookup.on(runtime), AddressOrder.ofOthers(runtime)));
        };
    }
}
