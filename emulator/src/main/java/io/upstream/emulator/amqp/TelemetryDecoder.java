// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubMessage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.messaging.DeliveryAnnotations;
import org.apache.qpid.proton.amqp.messaging.Footer;
import org.apache.qpid.proton.amqp.messaging.Header;
import org.apache.qpid.proton.amqp.messaging.MessageAnnotations;
import org.apache.qpid.proton.amqp.messaging.Properties;
import org.apache.qpid.proton.codec.AMQPDefinedTypes;
import org.apache.qpid.proton.codec.DecoderImpl;
import org.apache.qpid.proton.codec.EncoderImpl;
import org.apache.qpid.proton.codec.ReadableBuffer;
import org.jspecify.annotations.Nullable;

/**
 * An encoded AMQP message, read section by section into the hub's form. The engine's own message type is not used here: it knows one
 * body section, and devices send several.
 */
final class TelemetryDecoder {
    /** Every Data section holds one complete encoded message. */
    static final int BATCH_FORMAT = 0x80013700;

    private static final int MAX_BATCH = 10_000;

    /** By application property or annotation: the system property it stands for. */
    private static final Map<String, String> RESERVED = Map.of(
            "iothub-ack", "ack",
            "iothub-outputname", "output-name",
            "iothub-creation-time-utc", "creation-time-utc",
            "iothub-interface-id", "interface-id",
            "iothub-message-schema", "message-schema",
            "dt-subject", "dt-subject",
            "Diagnostic-Id", "diagnostic-id",
            "Correlation-Context", "correlation-context");

    /** Set by the hub alone: a device that sends them does not spoof them. */
    private static final Set<String> STAMPED = Set.of(
            "iothub-connection-device-id",
            "iothub-connection-module-id",
            "iothub-connection-auth-method",
            "iothub-connection-auth-generation-id",
            "iothub-enqueuedtime",
            "iothub-message-source",
            "dt-dataschema");

    private static final ThreadLocal<DecoderImpl> DECODER = ThreadLocal.withInitial(() -> {
        DecoderImpl decoder = new DecoderImpl();
        AMQPDefinedTypes.registerAllTypes(decoder, new EncoderImpl(decoder));
        return decoder;
    });

    private final Map<String, String> system = new LinkedHashMap<>();
    private final Map<String, String> application = new LinkedHashMap<>();
    private final List<byte[]> bodies = new ArrayList<>();

    private TelemetryDecoder() {}

    /**
     * The messages in one transfer's payload: one, or those of a batch.
     *
     * @throws HubException MALFORMED if it is not what an IoT Hub takes
     */
    static List<HubMessage> decode(int messageFormat, byte[] payload) throws HubException {
        if (messageFormat != 0 && messageFormat != BATCH_FORMAT) {
            throw new HubException(
                    HubError.MALFORMED, "message format " + Integer.toUnsignedString(messageFormat) + " is unknown");
        }
        TelemetryDecoder outer = read(payload);
        if (messageFormat == 0) {
            return List.of(outer.message());
        }
        if (outer.bodies.isEmpty() || outer.bodies.size() > MAX_BATCH) {
            throw new HubException(
                    HubError.MALFORMED, "a batch must hold 1.." + MAX_BATCH + " messages, has " + outer.bodies.size());
        }
        List<HubMessage> messages = new ArrayList<>(outer.bodies.size());
        for (byte[] body : outer.bodies) {
            messages.add(read(body).message());
        }
        return messages;
    }

    private static TelemetryDecoder read(byte[] payload) throws HubException {
        TelemetryDecoder message = new TelemetryDecoder();
        DecoderImpl decoder = DECODER.get();
        ReadableBuffer buffer = ReadableBuffer.ByteBufferReader.wrap(payload);
        decoder.setBuffer(buffer);
        try {
            while (buffer.hasRemaining()) {
                message.section(decoder.readObject());
            }
            return message;
        } catch (RuntimeException
                | StackOverflowError e) { // whatever the decoder trips over; only this message is lost
            throw new HubException(HubError.MALFORMED, "the payload is not an AMQP message");
        } finally {
            decoder.setBuffer(null);
        }
    }

    private void section(Object section) throws HubException {
        if (section instanceof Data data) {
            bodies.add(bytes(data.getValue()));
        } else if (section instanceof AmqpValue value) {
            bodies.add(valueBody(value.getValue()));
        } else if (section instanceof ApplicationProperties properties) {
            properties.getValue().forEach((name, value) -> property(name, text(value)));
        } else if (section instanceof Properties properties) {
            properties(properties);
        } else if (section instanceof MessageAnnotations annotations) {
            annotations.getValue().forEach((name, value) -> annotation(name.toString(), text(value)));
        } else if (!(section instanceof Header
                || section instanceof DeliveryAnnotations
                || section instanceof Footer)) {
            throw new HubException(HubError.MALFORMED, "the message has a section that is not understood");
        }
    }

    private static byte[] valueBody(@Nullable Object value) throws HubException {
        if (value instanceof Binary binary) {
            return bytes(binary);
        }
        if (value instanceof String text) {
            return utf8(text);
        }
        throw new HubException(HubError.MALFORMED, "the body must be a Data section");
    }

    private void annotation(String name, String value) {
        String systemName = RESERVED.get(name);
        if (systemName != null) {
            system.put(systemName, value);
        }
    }

    private void property(String name, String value) {
        String systemName = RESERVED.get(name);
        if (systemName != null) {
            system.put(systemName, value);
        } else if (!STAMPED.contains(name)) {
            application.put(name, value);
        }
    }

    private void properties(Properties properties) {
        put("message-id", properties.getMessageId());
        put(
                "user-id",
                properties.getUserId() == null
                        ? null
                        : new String(bytes(properties.getUserId()), StandardCharsets.UTF_8));
        put("to", properties.getTo());
        put("correlation-id", properties.getCorrelationId());
        put("content-type", properties.getContentType());
        put("content-encoding", properties.getContentEncoding());
        put("absolute-expiry-time", properties.getAbsoluteExpiryTime());
        put("creation-time-utc", properties.getCreationTime());
    }

    private void put(String name, @Nullable Object value) {
        if (value != null) {
            system.put(name, text(value));
        }
    }

    private HubMessage message() {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        bodies.forEach(body::writeBytes);
        return new HubMessage(system, application, bodies.size() == 1 ? bodies.get(0) : body.toByteArray());
    }

    private static String text(@Nullable Object value) {
        if (value == null) {
            return "";
        }
        if (value instanceof Date time) {
            return time.toInstant().toString();
        }
        if (value instanceof Binary binary) {
            return Base64.getEncoder().encodeToString(bytes(binary));
        }
        return value instanceof Symbol symbol ? symbol.toString() : String.valueOf(value);
    }

    private static byte[] bytes(@Nullable Binary binary) {
        byte[] copy = new byte[binary == null ? 0 : binary.getLength()];
        if (binary != null) {
            System.arraycopy(binary.getArray(), binary.getArrayOffset(), copy, 0, copy.length);
        }
        return copy;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
