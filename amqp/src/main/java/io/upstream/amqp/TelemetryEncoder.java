// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static io.upstream.SystemProperty.ACK;
import static io.upstream.SystemProperty.COMPONENT;
import static io.upstream.SystemProperty.CONTENT_ENCODING;
import static io.upstream.SystemProperty.CONTENT_TYPE;
import static io.upstream.SystemProperty.CORRELATION_ID;
import static io.upstream.SystemProperty.CREATION_TIME;
import static io.upstream.SystemProperty.EXPIRY_TIME;
import static io.upstream.SystemProperty.INTERFACE_ID;
import static io.upstream.SystemProperty.MESSAGE_ID;
import static io.upstream.SystemProperty.MESSAGE_SCHEMA;
import static io.upstream.SystemProperty.OUTPUT_NAME;
import static io.upstream.SystemProperty.TO;
import static io.upstream.SystemProperty.USER_ID;

import io.netty.buffer.ByteBuf;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.amqp.engine.AmqpWriter;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What comes before the data section of telemetry, in the form that an IoT Hub reads: annotations, properties, application properties. */
final class TelemetryEncoder {
    static final int MESSAGE_ANNOTATIONS = 0x72;
    static final int PROPERTIES = 0x73;
    static final int APPLICATION_PROPERTIES = 0x74;
    static final int AMQP_VALUE = 0x77;

    /** System properties that travel among the application's, by the hub's names for them. */
    static final Map<SystemProperty, String> AS_APPLICATION = Map.of(
            CREATION_TIME, "iothub-creation-time-utc",
            OUTPUT_NAME, "iothub-outputname",
            MESSAGE_SCHEMA, "iothub-message-schema",
            ACK, "iothub-ack");

    /** System properties that travel as annotations. */
    static final Map<SystemProperty, String> AS_ANNOTATION =
            Map.of(INTERFACE_ID, "iothub-interface-id", COMPONENT, "dt-subject");

    private static final SystemProperty[] APPLICATION = {CREATION_TIME, OUTPUT_NAME, MESSAGE_SCHEMA, ACK};
    private static final SystemProperty[] ANNOTATIONS = {INTERFACE_ID, COMPONENT};
    private static final int PROPERTY_FIELDS = 9;

    private TelemetryEncoder() {}

    /** Writes the sections. They depend on the properties alone, so that they can be used again with another payload. */
    static void write(Telemetry telemetry, ByteBuf out) throws InvalidTelemetryException {
        Map<SystemProperty, String> system = telemetry.system();
        annotations(out, system);
        properties(out, system);
        application(out, system, telemetry.properties());
    }

    private static void annotations(ByteBuf out, Map<SystemProperty, String> system) {
        int count = 0;
        for (SystemProperty each : ANNOTATIONS) {
            count += system.containsKey(each) ? 1 : 0;
        }
        if (count == 0) {
            return;
        }
        AmqpWriter.section(out, MESSAGE_ANNOTATIONS);
        int mark = AmqpWriter.beginMap(out, count);
        for (SystemProperty each : ANNOTATIONS) {
            String value = system.get(each);
            if (value != null) {
                AmqpWriter.symbol(out, AS_ANNOTATION.get(each));
                AmqpWriter.string(out, value);
            }
        }
        AmqpWriter.endCompound(out, mark);
    }

    /** What the hub reads stands in the place of what the application has under the same name, if it has any. */
    private static void application(ByteBuf out, Map<SystemProperty, String> system, Map<String, String> own) {
        Map<String, String> all = own;
        for (SystemProperty each : APPLICATION) {
            String value = system.get(each);
            if (value != null) {
                all = all == own ? new LinkedHashMap<>(own) : all;
                all.put(Objects.requireNonNull(AS_APPLICATION.get(each)), value);
            }
        }
        if (!all.isEmpty()) {
            AmqpWriter.section(out, APPLICATION_PROPERTIES);
            AmqpWriter.map(out, all, AmqpWriter.Keys.STRINGS);
        }
    }

    private static void properties(ByteBuf out, Map<SystemProperty, String> system) throws InvalidTelemetryException {
        if (system.isEmpty()) {
            return;
        }
        AmqpWriter.section(out, PROPERTIES);
        int mark = AmqpWriter.beginList(out, PROPERTY_FIELDS);
        AmqpWriter.string(out, system.get(MESSAGE_ID));
        AmqpWriter.binary(out, system.get(USER_ID));
        AmqpWriter.string(out, system.get(TO));
        AmqpWriter.nothing(out); // subject
        AmqpWriter.nothing(out); // reply-to
        AmqpWriter.string(out, system.get(CORRELATION_ID));
        AmqpWriter.symbol(out, ascii(CONTENT_TYPE, system.get(CONTENT_TYPE)));
        AmqpWriter.symbol(out, ascii(CONTENT_ENCODING, system.get(CONTENT_ENCODING)));
        AmqpWriter.timestamp(out, millis(system.get(EXPIRY_TIME)));
        AmqpWriter.endCompound(out, mark);
    }

    private static @Nullable String ascii(SystemProperty property, @Nullable String text)
            throws InvalidTelemetryException {
        for (int i = 0; text != null && i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                throw new InvalidTelemetryException(property.label() + " must be ASCII under AMQP");
            }
        }
        return text;
    }

    private static @Nullable Long millis(@Nullable String time) throws InvalidTelemetryException {
        try {
            return time == null ? null : Long.valueOf(Instant.parse(time).toEpochMilli());
        } catch (DateTimeParseException | ArithmeticException e) {
            throw new InvalidTelemetryException(
                    EXPIRY_TIME.label() + " must be a time such as 2026-01-31T12:00:00Z under AMQP");
        }
    }
}
