// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.spi.PayloadBorrower;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One message from a device to the hub. Immutable: each method that adds something returns another message.
 *
 * <p><b>Buffers:</b> the payload is not copied. Whoever passed it must not change it until the send's future has completed.
 */
public final class Telemetry {
    /** Where the payload lies; null if it lies outside of the heap, or in what may only be read. */
    private final byte @Nullable [] array;

    private final int offset;
    private final int size;

    /** Where it lies if not in {@link #array}. Never given out and never moved: several threads may read it. */
    private final @Nullable ByteBuffer buffer;

    private final Map<SystemProperty, String> system;
    private final Map<String, String> properties;

    private Telemetry(byte[] payload, Map<SystemProperty, String> system, Map<String, String> properties) {
        this.array = payload;
        this.offset = 0;
        this.size = payload.length;
        this.buffer = null;
        this.system = system;
        this.properties = properties;
    }

    private Telemetry(ByteBuffer payload, Map<SystemProperty, String> system, Map<String, String> properties) {
        boolean onHeap = payload.hasArray();
        this.array = onHeap ? payload.array() : null;
        this.offset = onHeap ? payload.arrayOffset() + payload.position() : 0;
        this.size = payload.remaining();
        this.buffer = onHeap ? null : payload.slice();
        this.system = system;
        this.properties = properties;
    }

    /** Other properties around the same payload. */
    private Telemetry(Telemetry other, Map<SystemProperty, String> system, Map<String, String> properties) {
        this.array = other.array;
        this.offset = other.offset;
        this.size = other.size;
        this.buffer = other.buffer;
        this.system = system;
        this.properties = properties;
    }

    /** Borrows the array until the send completes. */
    public static Telemetry of(byte[] payload) {
        return new Telemetry(payload, Map.of(), Map.of());
    }

    /** Borrows what lies between position and limit until the send completes; the buffer's own position is not moved. */
    public static Telemetry of(ByteBuffer payload) {
        return new Telemetry(payload, Map.of(), Map.of());
    }

    /**
     * The same properties around another payload: the way to send many messages that differ in nothing else. The properties are checked and
     * encoded once for all of them. Borrows the array until the send completes.
     */
    public Telemetry withPayload(byte[] other) {
        return new Telemetry(other, system, properties);
    }

    /** As {@link #withPayload(byte[])}, of what lies between position and limit; the buffer's own position is not moved. */
    public Telemetry withPayload(ByteBuffer other) {
        return new Telemetry(other, system, properties);
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
        return new Telemetry(this, system, Collections.unmodifiableMap(more));
    }

    /** Adds or replaces what the hub itself reads. */
    public Telemetry system(SystemProperty property, String value) {
        Map<SystemProperty, String> more = new EnumMap<>(SystemProperty.class);
        more.putAll(system);
        more.put(property, Objects.requireNonNull(value, "value"));
        return new Telemetry(this, Collections.unmodifiableMap(more), properties);
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
        return buffer == null
                ? ByteBuffer.wrap(Objects.requireNonNull(array))
                        .asReadOnlyBuffer()
                        .slice(offset, size)
                : buffer.asReadOnlyBuffer();
    }

    /**
     * Copies the payload to the position of {@code target}, which moves behind it. Allocates nothing.
     *
     * @throws java.nio.BufferOverflowException if {@code target} has less than {@link #size} bytes left
     */
    public void writeTo(ByteBuffer target) {
        if (size > target.remaining()) {
            throw new BufferOverflowException();
        } else if (buffer == null) {
            target.put(Objects.requireNonNull(array), offset, size);
        } else {
            target.put(target.position(), buffer, 0, size).position(target.position() + size);
        }
    }

    /** Shows {@code borrower} the payload where it lies: for transports, which must not change it. */
    public <R> R lend(PayloadBorrower<R> borrower) {
        return array == null ? borrower.buffer(payload()) : borrower.array(array, offset, size);
    }

    /** The payload's length in bytes. */
    public int size() {
        return size;
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
