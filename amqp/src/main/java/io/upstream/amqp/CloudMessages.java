// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.upstream.CloudMessage;
import io.upstream.SystemProperty;
import io.upstream.amqp.engine.MalformedMessageException;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Cloud-to-device messages as the hub puts them on a link. */
final class CloudMessages {
    private static final Map<Integer, SystemProperty> FIELDS = Map.of(
            InboundMessage.MESSAGE_ID, SystemProperty.MESSAGE_ID,
            InboundMessage.USER_ID, SystemProperty.USER_ID,
            InboundMessage.TO, SystemProperty.TO,
            InboundMessage.CORRELATION_ID, SystemProperty.CORRELATION_ID,
            InboundMessage.CONTENT_TYPE, SystemProperty.CONTENT_TYPE,
            InboundMessage.CONTENT_ENCODING, SystemProperty.CONTENT_ENCODING,
            InboundMessage.EXPIRY_TIME, SystemProperty.EXPIRY_TIME,
            InboundMessage.CREATION_TIME, SystemProperty.CREATION_TIME);

    private static final Map<String, SystemProperty> APPLICATION = inverse(TelemetryEncoder.AS_APPLICATION);

    private static final Map<String, SystemProperty> ANNOTATIONS = Stream.concat(
                    inverse(TelemetryEncoder.AS_ANNOTATION).entrySet().stream(),
                    Map.of(
                            "x-opt-sequence-number", SystemProperty.SEQUENCE_NUMBER,
                            "iothub-enqueuedtime", SystemProperty.ENQUEUED_TIME,
                            "iothub-deliverycount", SystemProperty.DELIVERY_COUNT)
                            .entrySet()
                            .stream())
            .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));

    private CloudMessages() {}

    /** Borrows. */
    static CloudMessage read(ByteBuf bytes) throws MalformedMessageException {
        InboundMessage message = InboundMessage.read(bytes);
        Map<SystemProperty, String> system = new EnumMap<>(SystemProperty.class);
        Map<String, String> properties = new LinkedHashMap<>();
        FIELDS.forEach((field, property) -> put(system, property, message.property(field)));
        message.annotations().forEach((name, value) -> {
            SystemProperty property = ANNOTATIONS.get(String.valueOf(name));
            if (property != null) {
                put(system, property, InboundMessage.text(value));
            }
        });
        message.application().forEach((name, value) -> {
            SystemProperty property = APPLICATION.get(String.valueOf(name));
            String text = InboundMessage.text(value);
            if (property != null) {
                put(system, property, text);
            } else {
                properties.put(String.valueOf(name), text == null ? "" : text);
            }
        });
        return new CloudMessage(message.body(), system, properties);
    }

    private static void put(Map<SystemProperty, String> system, SystemProperty property, @Nullable String value) {
        if (value != null) {
            system.put(property, value);
        }
    }

    private static Map<String, SystemProperty> inverse(Map<SystemProperty, String> names) {
        return names.entrySet().stream().collect(Collectors.toUnmodifiableMap(Map.Entry::getValue, Map.Entry::getKey));
    }
}
