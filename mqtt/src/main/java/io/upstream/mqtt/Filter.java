// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.handler.codec.mqtt.MqttQoS;

/**
 * What a session can subscribe to. Each filter has a packet id of its own, above those of messages: at most one SUBSCRIBE for it is
 * unanswered at a time, and its SUBACK is known by the id. Source: the hub's guide to MQTT, "Communicate with an IoT hub using MQTT".
 */
enum Filter {
    /** Messages of the cloud for a device, or what is routed to the inputs of a module; the topic depends on the identity. */
    MESSAGES(0, "", MqttQoS.AT_LEAST_ONCE),
    TWIN_ANSWERS(1, "$iothub/twin/res/#", MqttQoS.AT_MOST_ONCE),
    DESIRED_CHANGES(2, "$iothub/twin/PATCH/properties/desired/#", MqttQoS.AT_MOST_ONCE),
    METHOD_CALLS(3, "$iothub/methods/POST/#", MqttQoS.AT_MOST_ONCE);

    private final int packetId;
    private final String fixedTopic;
    private final MqttQoS qos;

    Filter(int number, String fixedTopic, MqttQoS qos) {
        this.packetId = InFlight.SUBSCRIBE_ID + number;
        this.fixedTopic = fixedTopic;
        this.qos = qos;
    }

    /** The topic filter of an identity whose messages come from {@code messages}. */
    String topic(CloudTopic messages) {
        return fixedTopic.isEmpty() ? messages.filter() : fixedTopic;
    }

    /** The most that is asked for: the hub itself sends all but messages at QoS 0. */
    MqttQoS qos() {
        return qos;
    }

    int packetId() {
        return packetId;
    }
}
