// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static java.util.Map.entry;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * How a connection to the hub is spoken. Four values, two facts each: the messaging protocol and what carries it.
 *
 * <p>The wire names are the values that Azure IoT Edge gives the environment variable {@code UpstreamProtocol}.
 */
public enum UpstreamProtocol {
    /** MQTT 3.1.1 over TLS, port 8883. */
    MQTT("Mqtt", 8883, false),
    /** AMQP 1.0 over TLS, port 5671. */
    AMQP("Amqp", 5671, false),
    /** MQTT 3.1.1 over WebSocket over TLS, port 443. */
    MQTT_WS("MqttWs", 443, true),
    /** AMQP 1.0 over WebSocket over TLS, port 443. */
    AMQP_WS("AmqpWs", 443, true);

    /** What the SDKs and other tools call them; {@code -} and {@code +} read as {@code _}. */
    private static final Map<String, UpstreamProtocol> ALIASES = Map.ofEntries(
            entry("mqtts", MQTT),
            entry("mqtt_tcp", MQTT),
            entry("mqtt_tcp_only", MQTT),
            entry("amqps", AMQP),
            entry("amqp_tcp", AMQP),
            entry("amqp_tcp_only", AMQP),
            entry("mqtt_ws", MQTT_WS),
            entry("mqtt_websocket", MQTT_WS),
            entry("mqtt_websocket_only", MQTT_WS),
            entry("amqp_ws", AMQP_WS),
            entry("amqps_ws", AMQP_WS),
            entry("amqp_websocket", AMQP_WS),
            entry("amqp_websocket_only", AMQP_WS));

    private static final Map<String, UpstreamProtocol> BY_NAME = byName();

    private final String wireName;
    private final int defaultPort;
    private final boolean webSocket;

    UpstreamProtocol(String wireName, int defaultPort, boolean webSocket) {
        this.wireName = wireName;
        this.defaultPort = defaultPort;
        this.webSocket = webSocket;
    }

    /** The name used in configuration: {@code Mqtt}, {@code Amqp}, {@code MqttWs} or {@code AmqpWs}. */
    public String wireName() {
        return wireName;
    }

    /** The hub's TCP port for it. */
    public int defaultPort() {
        return defaultPort;
    }

    /** Whether a WebSocket lies between TLS and the messaging protocol. */
    public boolean isWebSocket() {
        return webSocket;
    }

    /**
     * Reads a configured value: a wire name or one of the names that other tools use for the same thing ({@code
     * Mqtt_WebSocket_Only}, {@code amqps-ws}, {@code mqtt+ws} …). Case and surrounding blanks do not matter; {@code -} and
     * {@code +} count as {@code _}.
     *
     * @throws IllegalArgumentException for anything else, digits included, with the valid names in its message
     */
    public static UpstreamProtocol parse(String text) {
        UpstreamProtocol protocol = BY_NAME.get(normalised(text));
        if (protocol == null) {
            throw new IllegalArgumentException("unknown protocol '" + printable(text) + "', use one of " + wireNames());
        }
        return protocol;
    }

    private static String wireNames() {
        return Arrays.stream(values()).map(UpstreamProtocol::wireName).collect(Collectors.joining(", "));
    }

    private static String normalised(String text) {
        return text.strip().toLowerCase(Locale.ROOT).replace('-', '_').replace('+', '_');
    }

    private static String printable(String text) {
        String line = text.strip().replaceAll("\\p{Cc}", "?");
        return line.length() <= 40 ? line : line.substring(0, 40) + "…";
    }

    private static Map<String, UpstreamProtocol> byName() {
        Map<String, UpstreamProtocol> names = new HashMap<>(ALIASES);
        for (UpstreamProtocol protocol : values()) {
            names.put(protocol.wireName.toLowerCase(Locale.ROOT), protocol);
        }
        return Map.copyOf(names);
    }
}
