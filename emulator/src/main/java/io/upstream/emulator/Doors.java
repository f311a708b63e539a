// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.upstream.emulator.amqp.AmqpHead;
import io.upstream.emulator.control.ControlApi;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.mqtt.MqttHead;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.server.Listeners;
import io.upstream.emulator.server.OptionalTls;
import io.upstream.emulator.server.ProtocolHead;
import io.upstream.emulator.server.WebSocketDoor;
import java.io.IOException;
import java.util.Map;
import java.util.function.Consumer;

/** The ports on which a hub is reached, after they are bound. */
record Doors(int mqttPort, int amqpPort, int wsPort, int apiPort) {

    /** Binds these ports, 0 for any free one. */
    Doors open(Listeners listeners, SslContext tls, HubCore hub, ProvisioningService provisioning) throws IOException {
        ProtocolHead mqtt = new MqttHead(hub, hub.clock(), provisioning);
        ProtocolHead amqp = new AmqpHead(hub)::install;
        ControlApi api = new ControlApi(hub);
        ProtocolHead webSocket = new WebSocketDoor(Map.of("mqtt", mqtt, "AMQPWSB10", amqp), api);
        return new Doors(
                listeners.listen("MQTT", mqttPort, over(tls, mqtt)),
                listeners.listen("AMQP", amqpPort, over(tls, amqp)),
                listeners.listen("WebSocket", wsPort, over(tls, webSocket)),
                listeners.listen("control API", apiPort, channel -> {
                    channel.pipeline().addLast(new OptionalTls(tls));
                    api.install(channel.pipeline());
                }));
    }

    private static Consumer<Channel> over(SslContext tls, ProtocolHead head) {
        return channel -> {
            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
            head.install(channel.pipeline());
        };
    }
}
