// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.provisioning.Provisioning;
import io.upstream.emulator.server.ProtocolHead;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/**
 * Speaks MQTT 3.1.1 for a hub: telemetry up, cloud-to-device messages down, twins and direct methods. One head serves all connections, so that sessions
 * outlive them.
 */
public final class MqttHead implements ProtocolHead {
    /** A payload of the largest message, the longest topic, its length and a packet id. */
    private static final int MAX_PACKET = Hub.MAX_TELEMETRY_BYTES + 65_535 + 4;

    private final Hub hub;
    private final Clock clock;
    private final @Nullable Provisioning provisioning;
    private final StoredSessions sessions = new StoredSessions();

    /**
     * A head for this hub.
     *
     * @param clock tells when a token ends; the same as the hub's
     */
    public MqttHead(Hub hub, Clock clock) {
        this(hub, clock, null);
    }

    /** As {@link #MqttHead(Hub, Clock)}; clients whose user name is that of a registration are served by the provisioning service. */
    public MqttHead(Hub hub, Clock clock, @Nullable Provisioning provisioning) {
        this.hub = hub;
        this.clock = clock;
        this.provisioning = provisioning;
    }

    @Override
    public void install(ChannelPipeline pipeline) {
        ChannelHandler connect = new ConnectHandler(hub, clock, sessions);
        pipeline.addLast(new MqttDecoder(MAX_PACKET), MqttEncoder.INSTANCE);
        if (provisioning != null) {
            pipeline.addLast(new ProvisioningDoor(provisioning, clock, hub.hostName(), connect));
        }
        pipeline.addLast(connect);
    }

    /** The same for clients of the provisioning service only: those of the hub are refused. */
    public ProtocolHead provisioningOnly() {
        if (provisioning == null) {
            throw new IllegalStateException("this head has no provisioning service");
        }
        Provisioning service = provisioning;
        return pipeline -> {
            ChannelHandler strangers = new StrangerHandler();
            pipeline.addLast(
                    new MqttDecoder(MAX_PACKET),
                    MqttEncoder.INSTANCE,
                    new ProvisioningDoor(service, clock, hub.hostName(), strangers),
                    strangers);
        };
    }
}
