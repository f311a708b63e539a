// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.CloudMessage;
import io.upstream.SystemProperty;
import io.upstream.amqp.engine.AmqpReader;
import io.upstream.amqp.engine.AmqpStructure;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.frame.SmallMap;
import io.upstream.spi.HeaderFormat;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Cloud-to-device messages as the hub puts them on a link. Such a message is copied once, as a whole, and gone through once to make sure
 * that it can be read; its properties are read when somebody asks for them.
 */
final class CloudMessages implements HeaderFormat {
    private static final int USUAL_FIELDS = 4;
    private static final CloudMessages FORMAT = new CloudMessages();

    /** By their places in the properties section. */
    private static final @Nullable SystemProperty[] FIELDS = {
        SystemProperty.MESSAGE_ID,
        SystemProperty.USER_ID,
        SystemProperty.TO,
        null, // subject
        null, // reply-to
        SystemProperty.CORRELATION_ID,
        SystemProperty.CONTENT_TYPE,
        SystemProperty.CONTENT_ENCODING,
        SystemProperty.EXPIRY_TIME,
        SystemProperty.CREATION_TIME,
    };

    private static final Map<String, SystemProperty> APPLICATION = and(
            inverse(TelemetryEncoder.AS_APPLICATION),
            Map.of(
                    "iothub-connection-device-id", SystemProperty.CONNECTION_DEVICE_ID,
                    "iothub-connection-module-id", SystemProperty.CONNECTION_MODULE_ID));

    private static final Map<String, SystemProperty> ANNOTATIONS = and(
            inverse(TelemetryEncoder.AS_ANNOTATION),
            Map.of(
                    "x-opt-sequence-number", SystemProperty.SEQUENCE_NUMBER,
                    "iothub-enqueuedtime", SystemProperty.ENQUEUED_TIME,
                    "iothub-deliverycount", SystemProperty.DELIVERY_COUNT,
                    "x-opt-input-name", SystemProperty.INPUT_NAME));

    private CloudMessages() {}

    /** Borrows. */
    static CloudMessage read(MessageBytes message) throws MalformedMessageException {
        return read(message.copy());
    }

    /** Takes the encoded sections. */
    static CloudMessage read(byte[] bytes) throws MalformedMessageException {
        int payloadAt = bytes.length;
        int payloadLength = 0;
        int bodies = 0;
        for (int at = 0; at < bytes.length; ) {
            int value = MessageSections.value(bytes, at);
            int code = MessageSections.code(bytes, at, value);
            int after = AmqpStructure.skip(bytes, value, bytes.length);
            MessageSections.require(code, bytes[value] & 0xff);
            if (code == MessageSections.DATA) {
                payloadAt = value + MessageSections.binaryHead(bytes[value] & 0xff);
                payloadLength = after - payloadAt;
                bodies++;
            } else if ((bodies > 0 && MessageSections.isHeader(code)) || code == MessageSections.VALUE) {
                bodies = 2; // the payload does not lie behind all that is to be read
            }
            at = after;
        }
        return bodies > 1 ? gathered(bytes) : CloudMessage.of(bytes, payloadAt, payloadLength, FORMAT);
    }

    /** There may be several data sections, or a body that is text; there hardly ever is. */
    private static CloudMessage gathered(byte[] bytes) throws MalformedMessageException {
        byte[] body = InboundMessage.read(bytes).body();
        byte[] all = new byte[bytes.length + body.length];
        System.arraycopy(bytes, 0, all, 0, bytes.length);
        System.arraycopy(body, 0, all, bytes.length, body.length);
        return CloudMessage.of(all, bytes.length, body.length, FORMAT);
    }

    @Override
    public Headers read(byte[] message, int payloadAt) {
        try {
            return headers(message, payloadAt);
        } catch (MalformedMessageException e) {
            throw new IllegalStateException("a message that was found to be readable is not", e);
        }
    }

    /** Of equal sections the last one counts. */
    private static Headers headers(byte[] message, int payloadAt) throws MalformedMessageException {
        int annotations = -1;
        int properties = -1;
        int application = -1;
        for (int at = 0; at < payloadAt; ) {
            int value = MessageSections.value(message, at);
            switch (MessageSections.code(message, at, value)) {
                case MessageSections.ANNOTATIONS -> annotations = value;
                case MessageSections.PROPERTIES -> properties = value;
                case MessageSections.APPLICATION -> application = value;
                default -> {} // says nothing about the message
            }
            at = AmqpStructure.skip(message, value, message.length);
        }
        SmallMap<SystemProperty> system = new SmallMap<>(USUAL_FIELDS);
        Map<String, String> own = Map.of();
        AmqpReader in = new AmqpReader(message, 0, message.length);
        if (properties >= 0) {
            in.position(properties);
            readFields(in, system);
        }
        if (annotations >= 0) {
            in.position(annotations);
            readAnnotations(in, system);
        }
        if (application >= 0) {
            in.position(application);
            own = readApplication(in, system);
        }
        system.sort(Comparator.naturalOrder());
        return new Headers(system, own);
    }

    private static void readFields(AmqpReader in, SmallMap<SystemProperty> system) throws MalformedMessageException {
        int count = Math.min(in.enterList(), FIELDS.length);
        for (int i = 0; i < count; i++) {
            put(system, FIELDS[i], in);
        }
    }

    private static void readAnnotations(AmqpReader in, SmallMap<SystemProperty> system)
            throws MalformedMessageException {
        for (int count = in.enterMap(); count > 0; count--) {
            put(system, ANNOTATIONS.get(String.valueOf(in.value())), in);
        }
    }

    /** Gives the sender's own. */
    private static Map<String, String> readApplication(AmqpReader in, SmallMap<SystemProperty> system)
            throws MalformedMessageException {
        int count = in.enterMap();
        if (count <= SmallMap.FEW) {
            SmallMap<String> few = new SmallMap<>(count);
            readApplication(in, count, system, few::set);
            return few;
        }
        Map<String, String> many = new LinkedHashMap<>();
        readApplication(in, count, system, many::put);
        return Collections.unmodifiableMap(many);
    }

    private static void readApplication(
            AmqpReader in, int count, SmallMap<SystemProperty> system, BiConsumer<String, String> own)
            throws MalformedMessageException {
        for (int i = 0; i < count; i++) {
            String name = String.valueOf(in.value());
            SystemProperty property = APPLICATION.get(name);
            if (property != null) {
                put(system, property, in);
            } else {
                String text = in.text();
                own.accept(name, text == null ? "" : text);
            }
        }
    }

    /** Reads a value; null is none. */
    private static void put(SmallMap<SystemProperty> system, @Nullable SystemProperty property, AmqpReader in)
            throws MalformedMessageException {
        if (property == null) {
            in.skip();
            return;
        }
        String text = in.text();
        if (text != null) {
            system.set(property, text);
        }
    }

    private static Map<String, SystemProperty> inverse(Map<SystemProperty, String> names) {
        return names.entrySet().stream().collect(Collectors.toUnmodifiableMap(Map.Entry::getValue, Map.Entry::getKey));
    }

    private static Map<String, SystemProperty> and(Map<String, SystemProperty> one, Map<String, SystemProperty> other) {
        return Stream.concat(one.entrySet().stream(), other.entrySet().stream())
                .collect(Collectors.toUnmodifiableMap(Map.Entry::getKey, Map.Entry::getValue));
    }
}
