// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** A telemetry message at rest. A million of them are kept, so names and values lie in one array instead of two maps. */
final class StoredMessage {
    private static final String[] NONE = {};

    private final HubIdentity identity;
    private final long enqueuedMillis;
    private final String[] properties;
    private final int systemProperties;
    private final byte[] body;

    StoredMessage(HubIdentity identity, long enqueuedMillis, HubMessage message) {
        this.identity = identity;
        this.enqueuedMillis = enqueuedMillis;
        this.systemProperties = message.systemProperties().size();
        int count = systemProperties + message.properties().size();
        this.properties = count == 0 ? NONE : new String[2 * count];
        this.body = message.body();
        copy(message.properties(), copy(message.systemProperties(), 0));
    }

    private int copy(Map<String, String> from, int start) {
        int next = start;
        for (Map.Entry<String, String> each : from.entrySet()) {
            properties[next++] = each.getKey();
            properties[next++] = each.getValue();
        }
        return next;
    }

    String deviceId() {
        return identity.deviceId();
    }

    TelemetryRecord toRecord(long sequence) {
        HubMessage message =
                new HubMessage(slice(0, systemProperties), slice(systemProperties, properties.length / 2), body);
        return new TelemetryRecord(sequence, identity, Instant.ofEpochMilli(enqueuedMillis), message);
    }

    private Map<String, String> slice(int from, int to) {
        Map<String, String> slice = new LinkedHashMap<>();
        for (int i = from; i < to; i++) {
            slice.put(properties[2 * i], properties[2 * i + 1]);
        }
        return slice;
    }

    /** What the message weighs in the store: its body and all names and values. */
    long bytes() {
        long bytes = body.length;
        for (String text : properties) {
            bytes += text.length();
        }
        return bytes;
    }

    /** The size that the hub limits: body, system property values, application names and values. */
    static long size(HubMessage message) {
        long size = message.body().length;
        for (String value : message.systemProperties().values()) {
            size += utf8Length(value);
        }
        for (Map.Entry<String, String> each : message.properties().entrySet()) {
            size += utf8Length(each.getKey()) + (long) utf8Length(each.getValue());
        }
        return size;
    }

    private static int utf8Length(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }
}
