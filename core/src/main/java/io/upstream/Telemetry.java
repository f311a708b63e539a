// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * One message from a device to the hub. Immutable: each method that adds something returns another message.
 *
 * <p><b>Buffers:</b> the payload is not copied. Whoever passed it must not change it until the send's future has completed.
 */
public final class Telemetry {
    /** Never given out and never moved: several threads may read it. */
    private final ByteBuffer payload;

    private final Map<SystemProperty, String> system;
    private final Map<String, String> properties;

    private Telemetry(ByteBuffer payload, Map<SystemProperty, String> system, Map<String, String> properties) {
        this.payload = payload;
        this.system = system;
        this.properties = properties;
    }

    /** Borrows the array until the send completes. */
    public static Telemetry of(byte[] payload) {
        return new Telemetry(ByteBuffer.wrap(payload), Map.of(), Map.of());
    }

    /** Borrows what lies between position and limit until the send completes; the buffer's own position is not moved. */
    public static Telemetry of(ByteBuffer payload) {
        return new Telemetry(payload.slice(), Map.of(), Map.of());
    }

    /**
     * The same properties around another payload: the way to send many messages that differ in nothing else. The properties are checked and
     * encoded once for all of them. Borrows the array until the send completes.
     */
    public Telemetry withPayload(byte[] other) {
        return new Telemetry(ByteBuffer.wrap(other), system, properties);
    }

    /** As {@link #withPayload(byte[])}, of what lies between position and limit; the buffer's own position is not moved. */
    public Telemetry withPayload(ByteBuffer other) {
        return new Telemetry(other.slice(), system, properties);
    }

    /** UTF-8 text with content type {@code application/json} and encoding {@code utf-8}, so that the hub can route by body. */
    public static Telemetry json(String text) {
        return of(text.getBytes(StandardCharsets.UTF_8))
                .system(SystemProperty.CONTENT_TYPE, "application/json")
                .system(SystemProperty.CONTENT_ENCODING, "utf-8");
    }

    /** Adds or replaces a property of the application's own. Name and value may hold any Unicode; the name is not empty. */
    public Telemetry property(String name, String value) {
        if (Objects.requireNonNull(name, "name").isEmpty()) {
            throw new IllegalArgumentException("a property's name must not be empty");
        }
        Map<String, String> more = new LinkedHashMap<>(properties);
        more.put(name, Objects.requireNonNull(value, "value"));
        return new Telemetry(payload, system, Collections.unmodifiableMap(more));
    }

    /** Adds or replaces what the hub itself reads. */
    public Telemetry system(SystemProperty property, String value) {
        Map<SystemProperty, String> more = new EnumMap<>(SystemProperty.class);
        more.putAll(system);
        more.put(property, Objects.requireNonNull(value, "value"));
        return new Telemetry(payload, Collections.unmodifiableMap(more), properties);
    }

    public Telemetry messageId(String id) {
        return system(SystemProperty.MESSAGE_ID, id);
    }

    public Telemetry correlationId(String id) {
        return system(SystemProperty.CORRELATION_ID, id);
    }

    public Telemetry contentType(String type) {
        return system(SystemProperty.CONTENT_TYPE, type);
    }

    public Telemetry contentEncoding(String encoding) {
        return system(SystemProperty.CONTENT_ENCODING, encoding);
    }

    /** When the thing was measured, as opposed to sent. */
    public Telemetry createdAt(Instant time) {
        return system(SystemProperty.CREATION_TIME, time.toString());
    }

    public Telemetry expiresAt(Instant time) {
        return system(SystemProperty.EXPIRY_TIME, time.toString());
    }

    /** A fresh read-only view of the payload, position 0. */
    public ByteBuffer payload() {
        return payload.asReadOnlyBuffer();
    }

    /**
     * Copies the payload to the position of {@code target}, which moves behind it. Allocates nothing.
     *
     * @throws java.nio.BufferOverflowException if {@code target} has less than {@link #size} bytes left
     */
    public void writeTo(ByteBuffer target) {
        int size = payload.limit();
        if (size > target.remaining()) {
            throw new BufferOverflowException();
        }
        target.put(target.position(), payload, 0, size).position(target.position() + size);
    }

    /** The payload's length in bytes. */
    public int size() {
        return payload.limit();
    }

    /** Unmodifiable. */
    public Map<SystemProperty, String> system() {
        return system;
    }

    /** Unmodifiable, in the order in which they were added. */
    public Map<String, String> properties() {
        return properties;
    }

    @Override
    public String toString() {
        return "Telemetry[" + size() + " bytes, system=" + system.keySet() + ", properties=" + properties.keySet()
                + "]";
    }
}
