// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.CloudDelivery;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedByte;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.amqp.messaging.Properties;
import org.apache.qpid.proton.codec.WritableBuffer;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** A cloud-to-device message in the form in which the hub puts it on an AMQP link. */
final class CloudMessageEncoder {
    private static final Symbol SEQUENCE_NUMBER = Symbol.valueOf("x-opt-sequence-number");
    private static final Symbol ENQUEUED_TIME = Symbol.valueOf("iothub-enqueuedtime");
    private static final Symbol INPUT_NAME = Symbol.valueOf("x-opt-input-name");
    private static final Symbol DELIVERY_COUNT = Symbol.valueOf("iothub-deliverycount");

    /** System properties that have no place in AMQP's own. */
    private static final Map<String, String> APPLICATION_NAMES = Map.of(
            "ack", "iothub-ack",
            "connection-device-id", "iothub-connection-device-id",
            "connection-module-id", "iothub-connection-module-id");

    /** Above what the encoding adds to the text of all properties: names, lengths and type codes. */
    private static final int OVERHEAD_BYTES = 1024;

    private static final int OVERHEAD_PER_PROPERTY = 16;

    private CloudMessageEncoder() {}

    static byte[] encode(HubIdentity to, CloudDelivery delivery) {
        HubMessage content = delivery.message();
        Message message = Proton.message();
        message.setMessageAnnotations(annotations(delivery));
        message.setProperties(properties(to, content.systemProperties()));
        message.setApplicationProperties(applicationProperties(content));
        message.setBody(new Data(new Binary(content.body())));
        WritableBuffer.ByteBufferWrapper buffer = WritableBuffer.ByteBufferWrapper.allocate(atMost(content));
        message.encode(buffer);
        byte[] bytes = new byte[buffer.position()];
        buffer.byteBuffer().flip().get(bytes);
        return bytes;
    }

    private static int atMost(HubMessage content) {
        int size = content.body().length + OVERHEAD_BYTES;
        for (Map.Entry<String, String> each : content.properties().entrySet()) {
            size += OVERHEAD_PER_PROPERTY + utf8(each.getKey()).length + utf8(each.getValue()).length;
        }
        for (String value : content.systemProperties().values()) {
            size += OVERHEAD_PER_PROPERTY + utf8(value).length;
        }
        return size;
    }

    private static MessageAnnotations annotations(CloudDelivery delivery) {
        Map<Symbol, Object> annotations = new LinkedHashMap<>();
        annotations.put(SEQUENCE_NUMBER, UnsignedLong.valueOf(delivery.sequenceNumber()));
        annotations.put(ENQUEUED_TIME, Date.from(delivery.enqueuedTime()));
        annotations.put(DELIVERY_COUNT, UnsignedByte.valueOf((byte) Math.min(255, delivery.deliveryCount())));
        String input = delivery.message().systemProperties().get("input-name");
        if (input != null) {
            annotations.put(INPUT_NAME, input);
        }
        return new MessageAnnotations(annotations);
    }

    private static Properties properties(HubIdentity to, Map<String, String> system) {
        Properties properties = new Properties();
        properties.setMessageId(system.get("message-id"));
        properties.setCorrelationId(system.get("correlation-id"));
        properties.setTo(system.containsKey("input-name") ? system.get("to") : system.getOrDefault("to", address(to)));
        properties.setContentType(Symbol.valueOf(system.get("content-type")));
        properties.setContentEncoding(Symbol.valueOf(system.get("content-encoding")));
        properties.setAbsoluteExpiryTime(time(system.get("absolute-expiry-time")));
        properties.setCreationTime(time(system.get("creation-time-utc")));
        String user = system.get("user-id");
        if (user != null) {
            properties.setUserId(new Binary(utf8(user)));
        }
        return properties;
    }

    private static String address(HubIdentity to) {
        String module = to.moduleId() == null ? "" : "/modules/" + to.moduleId();
        return "/devices/" + to.deviceId() + module + "/messages/deviceBound";
    }

    private static ApplicationProperties applicationProperties(HubMessage content) {
        Map<String, Object> properties = new LinkedHashMap<>(content.properties());
        APPLICATION_NAMES.forEach((systemName, name) -> {
            String value = content.systemProperties().get(systemName);
            if (value != null) {
                properties.put(name, value);
            }
        });
        return new ApplicationProperties(properties);
    }

    private static @Nullable Date time(@Nullable String text) {
        try {
            return text == null ? null : Date.from(Instant.parse(text));
        } catch (DateTimeParseException e) {
            return null; // the service may have written anything; a device could not use it
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
