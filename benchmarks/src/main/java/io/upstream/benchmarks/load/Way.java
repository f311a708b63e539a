// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.load;

import java.util.Arrays;

/** A way to the sink: a protocol and what it runs over. */
public enum Way {
    MQTT("mqtt", "MQTT, no TLS"),
    MQTT_TLS("mqtt-tls", "MQTT over TLS"),
    MQTT_WS("mqtt-ws", "MQTT over WebSocket over TLS"),
    AMQP_TLS("amqp-tls", "AMQP over TLS"),
    AMQP_WS("amqp-ws", "AMQP over WebSocket over TLS");

    private final String id;
    private final String title;

    Way(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** As it is written on the command line and in files. */
    public String id() {
        return id;
    }

    /** As a person reads it. */
    public String title() {
        return title;
    }

    public boolean isAmqp() {
        return this == AMQP_TLS || this == AMQP_WS;
    }

    public boolean isWebSocket() {
        return this == MQTT_WS || this == AMQP_WS;
    }

    /** The port that Microsoft's SDK cannot be talked out of. */
    public int wellKnownPort() {
        return switch (this) {
            case MQTT -> 1883;
            case MQTT_TLS -> 8883;
            case AMQP_TLS -> 5671;
            case MQTT_WS, AMQP_WS -> 443;
        };
    }

    /** The constant of an {@link #id}. */
    public static Way of(String id) {
        return Arrays.stream(values())
                .filter(way -> way.id.equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no way '" + id + "', but "
                        + Arrays.stream(values()).map(Way::id).toList()));
    }
}
