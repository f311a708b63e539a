// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.SystemProperty;
import io.upstream.frame.FlatProperties;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What may be said about a message, the same for all protocols: each of them would lose or misread something else. Checked once for each set
 * of properties. Sources: the hub's "Create and read IoT Hub messages", and the names that Microsoft's own clients refuse.
 */
public final class HubProperties {
    private static final Set<SystemProperty> OF_THE_HUB = EnumSet.of(
            SystemProperty.INPUT_NAME,
            SystemProperty.CONNECTION_DEVICE_ID,
            SystemProperty.CONNECTION_MODULE_ID,
            SystemProperty.SEQUENCE_NUMBER,
            SystemProperty.ENQUEUED_TIME,
            SystemProperty.DELIVERY_COUNT);

    /** Under AMQP the hub takes these for system properties or replaces them by what it knows itself. */
    private static final Set<String> RESERVED = Set.of(
            "iothub-ack",
            "iothub-operation",
            "iothub-outputname",
            "iothub-creation-time-utc",
            "iothub-message-schema",
            "iothub-interface-id",
            "iothub-connection-device-id",
            "iothub-connection-module-id",
            "iothub-connection-auth-method",
            "iothub-connection-auth-generation-id",
            "iothub-enqueuedtime",
            "iothub-message-source",
            "dt-subject",
            "dt-dataschema");

    /** Under MQTT the hub takes these for system properties. */
    private static final String SYSTEM_PREFIX = "$.";

    private HubProperties() {}

    /** Why no peer can be told these properties, as the text of an error; null if nothing is wrong with them. */
    public static @Nullable String unsendable(FlatProperties properties) {
        for (int i = 0; i < properties.size(); i++) {
            SystemProperty known = properties.systemName(i);
            if (known != null && OF_THE_HUB.contains(known)) {
                return "system property " + known.label() + " is set by the hub and cannot be sent: leave it out";
            }
            if (!isUnicode(properties.value(i)) || (known == null && !isUnicode(properties.name(i)))) {
                return "a property of the message is not Unicode text (a lone surrogate): encode it in another way";
            }
        }
        return null;
    }

    /** As {@link #unsendable}, for an IoT Hub, which has more rules. */
    public static @Nullable String objection(FlatProperties properties) {
        String objection = unsendable(properties);
        for (int i = 0; objection == null && i < properties.size(); i++) {
            SystemProperty known = properties.systemName(i);
            objection = known == null ? reserved(properties.name(i)) : malformed(known, properties.value(i));
        }
        return objection;
    }

    private static @Nullable String reserved(String name) {
        if (name.startsWith(SYSTEM_PREFIX)) {
            return "a property's name begins with $. as the hub's own do: choose another, or set the system property";
        }
        return RESERVED.contains(name)
                ? "the property name " + name + " is the hub's own: choose another, or set the system property"
                : null;
    }

    private static @Nullable String malformed(SystemProperty property, String value) {
        return switch (property) {
            case EXPIRY_TIME, CREATION_TIME ->
                isTime(value) ? null : property.label() + " must be a time such as 2026-01-31T12:00:00Z";
            case CONTENT_TYPE, CONTENT_ENCODING -> isAscii(value) ? null : property.label() + " must be ASCII";
            default -> null;
        };
    }

    private static boolean isTime(String text) {
        try {
            Instant.parse(text);
            return true;
        } catch (DateTimeParseException e) {
            return false;
        }
    }

    private static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    private static boolean isUnicode(String text) {
        int i = 0;
        while (i < text.length()) {
            int codePoint = text.codePointAt(i); // of a lone surrogate itself
            if (codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE) {
                return false;
            }
            i += Character.charCount(codePoint);
        }
        return true;
    }
}
