// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.PercentText;
import java.util.LinkedHashMap;
import java.util.Map;

/** The names of system properties in a topic, and what the hub's message format calls them. */
final class SystemProperties {
    /** Decoded topic names, in the order in which the hub writes those that it sends to devices. */
    private static final Map<String, String> NAMES = new LinkedHashMap<>();

    static {
        NAMES.put("$.mid", "message-id");
        NAMES.put("$.cid", "correlation-id");
        NAMES.put("$.uid", "user-id");
        NAMES.put("$.to", "to");
        NAMES.put("$.ct", "content-type");
        NAMES.put("$.ce", "content-encoding");
        NAMES.put("$.exp", "absolute-expiry-time");
        NAMES.put("$.on", "output-name");
        NAMES.put("$.ctime", "creation-time-utc");
        NAMES.put("$.ifid", "interface-id");
        NAMES.put("$.sub", "dt-subject");
        NAMES.put("$.schema", "message-schema");
        NAMES.put("$.cdid", "connection-device-id");
        NAMES.put("$.cmid", "connection-module-id");
        NAMES.put("$.diagid", "diagnostic-id");
        NAMES.put("$.diagctx", "correlation-context");
        NAMES.put("iothub-ack", "ack");
        NAMES.put("iothub-operation", "operation");
    }

    private SystemProperties() {}

    /** Tells system from application properties; a {@code $.} name that is not known counts as the application's. */
    static HubMessage message(Map<String, String> bag, byte[] body) {
        Map<String, String> system = new LinkedHashMap<>();
        Map<String, String> application = new LinkedHashMap<>();
        bag.forEach((key, value) -> {
            String name = NAMES.get(key);
            if (name == null) {
                application.put(key, value);
            } else {
                system.put(name, value);
            }
        });
        return new HubMessage(system, application, body);
    }

    /**
     * Writes the bag of a message to a device: system properties first, their dollar encoded, for Microsoft's Java client reads from
     * the first {@code %24} on. What is empty is left out, for that client fails on it.
     */
    static String bag(HubMessage message) {
        StringBuilder bag = new StringBuilder();
        NAMES.forEach((key, name) -> append(bag, key, message.systemProperties().getOrDefault(name, "")));
        message.properties().forEach((key, value) -> append(bag, key, value));
        return bag.toString();
    }

    private static void append(StringBuilder bag, String key, String value) {
        if (!value.isEmpty() && !key.isEmpty()) {
            bag.append(bag.isEmpty() ? "" : "&").append(PercentText.encode(key)).append('=');
            bag.append(PercentText.encode(value));
        }
    }
}
