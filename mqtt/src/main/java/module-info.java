// SPDX-License-Identifier: Apache-2.0
/** MQTT 3.1.1 to an IoT Hub, over TLS or over WebSocket. Exports nothing: the core finds it as a service. */
module io.upstream.mqtt {
    requires io.upstream.core;
    requires io.upstream.proxy;
    requires io.upstream.websocket;
    requires io.netty.buffer;
    requires io.netty.codec;
    requires io.netty.codec.mqtt;
    requires io.netty.common;
    requires io.netty.transport;
    requires org.slf4j;
    requires static org.jspecify;

    provides io.upstream.spi.ProvisioningProvider with
            io.upstream.mqtt.MqttProvisioningProvider;
    provides io.upstream.spi.UpstreamTransportProvider with
            io.upstream.mqtt.MqttTransportProvider;
}
