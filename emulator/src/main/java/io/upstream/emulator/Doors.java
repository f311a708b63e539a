// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator;

import io.netty.channel.Channel;
import io.netty.handler.ssl.SslContext;
import io.upstream.emulator.amqp.AmqpHead;
import io.upstream.emulator.control.ControlApi;
import io.upstream.emulator.http.RegistrationApi;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.mqtt.MqttHead;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.server.Entrance;
import io.upstream.emulator.server.Listeners;
import io.upstream.emulator.server.OptionalTls;
import io.upstream.emulator.server.ProtocolHead;
import io.upstream.emulator.server.WebSocketDoor;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The ports on which a hub is reached, after they are bound. */
record Doors(int mqttPort, int amqpPort, int wsPort, int apiPort) {

    /** Binds these ports, 0 for any free one. */
    Doors open(Listeners listeners, SslContext tls, HubCore hub, ProvisioningService provisioning) throws IOException {
        MqttHead mqtt = new MqttHead(hub, hub.clock(), provisioning);
        AmqpHead amqp = new AmqpHead(hub, provisioning);
        ControlApi api = new ControlApi(hub, provisioning);
        List<Entrance> entrances = List.of(
                Entrance.hub(heads(mqtt, amqp)),
                Entrance.provisioning(heads(mqtt.provisioningOnly(), amqp.provisioningOnly())));
        ProtocolHead webSocket = new WebSocketDoor(entrances, api, new RegistrationApi(provisioning));
        return new Doors(
                listeners.listen("MQTT", mqttPort, over(tls, mqtt)),
                listeners.listen("AMQP", amqpPort, over(tls, amqp::install)),
                listeners.listen("WebSocket", wsPort, over(tls, webSocket)),
                listeners.listen("control API", apiPort, channel -> {
                    channel.pipeline().addLast(new OptionalTls(tls));
                    api.install(channel.pipeline());
                }));
    }

    /** AMQP by the name that Microsoft's clients use, and by that of the OASIS binding, which took its place. */
    private static Map<String, ProtocolHead> heads(ProtocolHead mqtt, AmqpHead amqp) {
        return Map.of("mqtt", mqtt, "AMQPWSB10", amqp::install, "amqp", amqp::install);
    }

    private static Consumer<Channel> over(SslContext tls, ProtocolHead head) {
        return channel -> {
            channel.pipeline().addLast(tls.newHandler(channel.alloc()));
            head.install(channel.pipeline());
        };
    }
}
