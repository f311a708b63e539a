// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.handler.codec.mqtt.MqttConnectMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A will becomes telemetry with the property {@code iothub-MessageType=Will}; no other topic is allowed for it. */
record Will(HubMessage message) {
    static @Nullable Will of(MqttConnectMessage connect, Topics topics) throws HubException {
        if (!connect.variableHeader().isWillFlag()) {
            return null;
        }
        if (connect.variableHeader().willQos() > MqttQoS.AT_LEAST_ONCE.value()) {
            throw new HubException(HubError.MALFORMED, "a will cannot have QoS 2");
        }
        String topic = connect.payload().willTopic();
        byte[] body = connect.payload().willMessageInBytes();
        Map<String, String> bag = new LinkedHashMap<>(topics.telemetryBag(topic == null ? "" : topic));
        bag.put("iothub-MessageType", "Will");
        if (connect.variableHeader().isWillRetain()) {
            bag.put(TelemetryInbox.RETAIN, "true");
        }
        return new Will(SystemProperties.message(bag, body == null ? new byte[0] : body));
    }
}
