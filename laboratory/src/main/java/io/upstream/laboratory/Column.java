// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.UpstreamProtocol;
import java.util.ArrayList;
import java.util.List;

/** A protocol and the way to the hub. */
public record Column(UpstreamProtocol protocol, Way way) {
    /** How a connection gets to the hub. */
    public enum Way {
        DIRECT,
        PROXY;

        @Override
        public String toString() {
            return this == DIRECT ? "direct" : "proxy";
        }
    }

    /** All eight, direct before proxy. */
    public static List<Column> all() {
        List<Column> all = new ArrayList<>();
        for (UpstreamProtocol protocol : UpstreamProtocol.values()) {
            for (Way way : Way.values()) {
                all.add(new Column(protocol, way));
            }
        }
        return all;
    }

    boolean isMqtt() {
        return protocol == UpstreamProtocol.MQTT || protocol == UpstreamProtocol.MQTT_WS;
    }

    boolean isWebSocket() {
        return protocol == UpstreamProtocol.MQTT_WS || protocol == UpstreamProtocol.AMQP_WS;
    }

    boolean isProxy() {
        return way == Way.PROXY;
    }

    /** As {@code MqttWs/proxy}. */
    @Override
    public String toString() {
        return protocol.wireName() + "/" + way;
    }
}
