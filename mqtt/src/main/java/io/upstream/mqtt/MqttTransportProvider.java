// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamTransport;
import io.upstream.connect.LowerLayers;
import io.upstream.proxy.ProxyLayers;
import io.upstream.spi.UpstreamTransportProvider;
import io.upstream.websocket.WebSocketStage;
import java.util.EnumSet;
import java.util.Set;

/** {@code Mqtt} and {@code MqttWs}: the same transport on two lists of layers. */
public final class MqttTransportProvider implements UpstreamTransportProvider {
    /** For {@link java.util.ServiceLoader}. */
    public MqttTransportProvider() {}

    @Override
    public Set<UpstreamProtocol> protocols() {
        return EnumSet.of(UpstreamProtocol.MQTT, UpstreamProtocol.MQTT_WS);
    }

    @Override
    public UpstreamTransport create(UpstreamProtocol protocol, UpstreamOptions options, UpstreamRuntime runtime) {
        if (!protocols().contains(protocol)) {
            throw new IllegalArgumentException("this module speaks " + protocols() + ", not " + protocol);
        }
        LowerLayers layers = new LowerLayers(options, protocol, runtime, ProxyLayers::towards, WebSocketStage::new);
        return new MqttTransport(protocol, options, runtime, layers);
    }
}
