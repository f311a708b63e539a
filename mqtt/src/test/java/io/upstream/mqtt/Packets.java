// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.mqtt.MqttConnectReturnCode;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageIdVariableHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPubAckMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubAckMessage;
import io.netty.handler.codec.mqtt.MqttSubAckPayload;

/** What a server says, made by Netty. */
final class Packets {
    private Packets() {}

    static MqttMessage connAck(int code) {
        return connAck(code, code == 0);
    }

    static MqttMessage connAck(int code, boolean sessionPresent) {
        return MqttMessageBuilders.connAck()
                .returnCode(MqttConnectReturnCode.valueOf((byte) code))
                .sessionPresent(sessionPresent)
                .build();
    }

    /** At QoS 1, or at QoS 0 when the packet id is 0. */
    static MqttMessage publish(int packetId, String topic, String payload) {
        return MqttMessageBuilders.publish()
                .messageId(packetId)
                .qos(packetId == 0 ? MqttQoS.AT_MOST_ONCE : MqttQoS.AT_LEAST_ONCE)
                .topicName(topic)
                .payload(Unpooled.copiedBuffer(payload, UTF_8))
                .build();
    }

    static MqttMessage pubAck(int packetId) {
        return new MqttPubAckMessage(header(MqttMessageType.PUBACK), MqttMessageIdVariableHeader.from(packetId));
    }

    static MqttMessage subAck(int packetId, int code) {
        return new MqttSubAckMessage(
                header(MqttMessageType.SUBACK),
                MqttMessageIdVariableHeader.from(packetId),
                new MqttSubAckPayload(code));
    }

    private static MqttFixedHeader header(MqttMessageType type) {
        return new MqttFixedHeader(type, false, MqttQoS.AT_MOST_ONCE, false, 0);
    }
}
