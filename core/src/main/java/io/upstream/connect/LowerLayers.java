// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.handler.ssl.SslContext;
import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.HostPort;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;

/**
 * The layers that lie below the messaging protocol, chosen from the options: tunnel if a proxy is chosen, TLS, WebSocket if the protocol
 * asks for it. Makes fresh stages for each attempt. Thread-safe; blocks on files.
 */
public final class LowerLayers {
    private static final String HUB_PATH = "/$iothub/websocket";

    /** Tells the hub not to ask for a certificate after it has seen the request, as it would do under TLS 1.2. */
    private static final String NO_CERTIFICATE = "?iothub-no-client-cert=true";

    private final UpstreamOptions options;
    private final UpstreamProtocol protocol;
    private final UpstreamRuntime runtime;
    private final Executor tasks;
    private final SharedTls sharedTls;
    private final TlsContexts tls;
    private final TunnelFactory tunnel;
    private final WebSocketFactory webSocket;

    /** Makes the stages that reach {@code target} through {@code proxy}; may block. */
    @FunctionalInterface
    public interface TunnelFactory {
        List<ConnectStage> create(ProxyServer proxy, HostPort target, UpstreamRuntime runtime) throws UpstreamException;
    }

    /** Makes the stage that upgrades to a WebSocket. */
    @FunctionalInterface
    public interface WebSocketFactory {
        ConnectStage create(HostPort target, String path, String subprotocol);
    }

    /**
     * For all attempts of one transport.
     *
     * @param runtime where the TLS engine's slow steps run, and whose transports share TLS settings
     */
    public LowerLayers(
            UpstreamOptions options,
            UpstreamProtocol protocol,
            UpstreamRuntime runtime,
            TunnelFactory tunnel,
            WebSocketFactory webSocket) {
        this.options = options;
        this.protocol = protocol;
        this.runtime = runtime;
        this.tasks = runtime.blocking();
        this.sharedTls = SharedTls.on(runtime);
        this.tls = sharedTls.contexts(options.trust());
        this.tunnel = tunnel;
        this.webSocket = webSocket;
    }

    /**
     * The plan of one attempt, to which the messaging protocol adds its own login.
     *
     * @param credentials of which a certificate is shown here, and read if its files have changed; others count above TLS only
     */
    public ConnectPlan plan(Credentials credentials) throws UpstreamException {
        HostPort target = options.target(protocol);
        SslContext context = context(credentials);
        List<Way> ways = new ArrayList<>();
        for (Route route : options.proxy().routesTo(target)) {
            Way way = route instanceof ProxyServer proxy
                    ? Way.through(proxy, tunnel.create(proxy, target, runtime))
                    : Way.direct();
            ways.add(way.then(
                    TlsStage.toTarget(context, target, tasks, route, credentials instanceof ClientCertificate)));
        }
        ConnectPlan plan = ConnectPlan.to(target, ways, options.proxy());
        return protocol.isWebSocket() ? plan.then(webSocket.create(target, path(credentials), subprotocol())) : plan;
    }

    private SslContext context(Credentials credentials) throws UpstreamException {
        return credentials instanceof ClientCertificate certificate
                ? sharedTls.contexts(options.trust(), certificate).current(certificate)
                : tls.current();
    }

    private String path(Credentials credentials) {
        if (!options.webSocketPath().isEmpty()) {
            return options.webSocketPath();
        }
        return credentials instanceof ClientCertificate ? HUB_PATH : HUB_PATH + NO_CERTIFICATE;
    }

    /** The names of RFC 6455 §11.5's registry that the hub wants: see its documentation of the WebSocket endpoints. */
    private String subprotocol() {
        if (!options.webSocketSubprotocol().isEmpty()) {
            return options.webSocketSubprotocol();
        }
        return protocol == UpstreamProtocol.MQTT_WS ? "mqtt" : "AMQPWSB10";
    }
}
