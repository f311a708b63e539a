// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.HostPort;
import io.upstream.ProxyChoice;
import io.upstream.Route;
import io.upstream.Trust;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The way to the hub: protocol, port, proxy, trust, patience. */
final class ConnectionOptions {
    static final String PROTOCOL_VARIABLE = "UpstreamProtocol";

    private static final List<UpstreamProtocol> DIRECT_ORDER =
            List.of(UpstreamProtocol.AMQP, UpstreamProtocol.AMQP_WS, UpstreamProtocol.MQTT, UpstreamProtocol.MQTT_WS);

    /** Proxies let port 443 through before any other. */
    private static final List<UpstreamProtocol> PROXY_ORDER =
            List.of(UpstreamProtocol.AMQP_WS, UpstreamProtocol.MQTT_WS, UpstreamProtocol.AMQP, UpstreamProtocol.MQTT);

    @Option(
            names = "--protocol",
            paramLabel = "P",
            description = "Mqtt, Amqp, MqttWs, AmqpWs or Auto. Default: the environment variable " + PROTOCOL_VARIABLE
                    + ", else Auto: one after the other until one gets through (Amqp, AmqpWs, Mqtt, MqttWs; with a proxy the"
                    + " two on port 443 first).")
    private @Nullable String protocol;

    @Option(names = "--port", paramLabel = "N", description = "Overrides the protocol's own port.")
    private @Nullable Integer port;

    @Mixin
    private final ProxyOptions proxy = new ProxyOptions();

    @Option(
            names = "--trust-bundle",
            paramLabel = "PEM",
            description = "Certificates to trust beside those of the system.")
    private @Nullable Path trustBundle;

    @Option(
            names = "--timeout",
            paramLabel = "D",
            defaultValue = "30s",
            converter = DurationConverter.class,
            description =
                    "How long connecting (each protocol that is tried) and each message may take, such as 500ms, 30s or"
                            + " 2m; default 30s.")
    private Duration timeout = Duration.ofSeconds(30);

    @Option(
            names = "--address",
            paramLabel = "TOPIC-OR-LINK",
            description = "For a broker that is no IoT Hub: where telemetry goes.")
    private @Nullable String address;

    @Option(
            names = "--ws-path",
            paramLabel = "P",
            description = "For a broker that is no IoT Hub: the WebSocket's path.")
    private @Nullable String webSocketPath;

    @Option(
            names = "--ws-subprotocol",
            paramLabel = "S",
            description = "For a broker that is no IoT Hub: the WebSocket's subprotocol.")
    private @Nullable String webSocketSubprotocol;

    /**
     * Everything but the outbox.
     *
     * @throws IllegalArgumentException saying which option or variable cannot be used
     */
    UpstreamOptions.Builder resolve(String hubHost, @Nullable String gatewayHost, Map<String, String> env)
            throws UpstreamException {
        ProxyChoice choice = proxy.resolve(env);
        UpstreamOptions.Builder options = UpstreamOptions.forHub(hubHost)
                .proxy(choice)
                .trust(trust())
                .connectTimeout(timeout)
                .operationTimeout(timeout)
                .productInfo("upstream-cli");
        if (gatewayHost != null) {
            options.gateway(gatewayHost);
        }
        if (port != null) {
            options.port(port);
        }
        if (address != null) {
            options.telemetryAddress(address);
        }
        if (webSocketPath != null) {
            options.webSocketPath(webSocketPath);
        }
        if (webSocketSubprotocol != null) {
            options.webSocketSubprotocol(webSocketSubprotocol);
        }
        return options.protocols(protocols(choice, options, env).toArray(UpstreamProtocol[]::new));
    }

    /** The one that the command line names, or all. */
    List<UpstreamProtocol> named() {
        return protocol == null || protocol.strip().equalsIgnoreCase("auto")
                ? List.of(UpstreamProtocol.values())
                : List.of(UpstreamProtocol.parse(protocol));
    }

    Duration timeout() {
        return timeout;
    }

    private List<UpstreamProtocol> protocols(
            ProxyChoice choice, UpstreamOptions.Builder options, Map<String, String> env) throws UpstreamException {
        String source = protocol != null ? "--protocol" : "the environment variable " + PROTOCOL_VARIABLE;
        String name = protocol != null ? protocol : fromEnvironment(env);
        if (name != null && !name.strip().equalsIgnoreCase("auto")) {
            try {
                return List.of(UpstreamProtocol.parse(name));
            } catch (IllegalArgumentException e) {
                throw new IllegalArgumentException(source + ": " + e.getMessage() + " or Auto", e);
            }
        }
        HostPort webSocket = options.build().target(UpstreamProtocol.AMQP_WS);
        return choice.routesTo(webSocket).get(0).equals(Route.DIRECT) ? DIRECT_ORDER : PROXY_ORDER;
    }

    /** Azure IoT Edge reads the name without regard to case; an exact match wins. */
    private static @Nullable String fromEnvironment(Map<String, String> env) {
        String exact = env.get(PROTOCOL_VARIABLE);
        String found = exact != null
                ? exact
                : env.entrySet().stream()
                        .filter(entry -> entry.getKey().equalsIgnoreCase(PROTOCOL_VARIABLE))
                        .sorted(Map.Entry.comparingByKey())
                        .map(Map.Entry::getValue)
                        .findFirst()
                        .orElse(null);
        return found == null || found.isBlank() ? null : found;
    }

    private Trust trust() {
        if (trustBundle == null) {
            return Trust.system();
        }
        if (!Files.isReadable(trustBundle) || Files.isDirectory(trustBundle)) {
            throw new IllegalArgumentException("--trust-bundle: cannot read the file " + trustBundle);
        }
        return Trust.systemAnd(trustBundle);
    }
}
