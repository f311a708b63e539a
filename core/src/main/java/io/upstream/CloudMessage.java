// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import io.upstream.spi.HeaderFormat;
import io.upstream.spi.HeaderFormat.Headers;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One message from the hub to a device. It owns its bytes: it may be kept and read by any thread for as long as anybody likes. What comes
 * with the payload is read when it is asked for; nothing can be wrong with it by then.
 */
public final class CloudMessage {
    /** The payload, and around it what {@link #format} reads. */
    private final byte[] bytes;

    private final int payloadAt;
    private final int payloadLength;
    private final HeaderFormat format;

    /** Read on first use. Threads may do so at the same time and each find the same; what one of them leaves here is immutable. */
    private @Nullable Headers headers;

    /** Takes {@code payload}; copies the maps. */
    public CloudMessage(byte[] payload, Map<SystemProperty, String> system, Map<String, String> properties) {
        this(payload, 0, payload.length, known(system, properties));
    }

    private CloudMessage(byte[] bytes, int payloadAt, int payloadLength, HeaderFormat format) {
        this.bytes = bytes;
        this.payloadAt = payloadAt;
        this.payloadLength = payloadLength;
        this.format = format;
    }

    private static HeaderFormat known(Map<SystemProperty, String> system, Map<String, String> properties) {
        Map<SystemProperty, String> ordered = new EnumMap<>(SystemProperty.class);
        ordered.putAll(system);
        Headers known = new Headers(
                Collections.unmodifiableMap(ordered), Collections.unmodifiableMap(new LinkedHashMap<>(properties)));
        return (message, payloadAt) -> known;
    }

    /**
     * For transports: a message as it came. Takes {@code bytes}.
     *
     * @param format reads the rest of it, which is known to be readable
     * @throws IndexOutOfBoundsException if the payload does not lie within {@code bytes}
     */
    public static CloudMessage of(byte[] bytes, int payloadAt, int payloadLength, HeaderFormat format) {
        Objects.checkFromIndexSize(payloadAt, payloadLength, bytes.length);
        return new CloudMessage(bytes, payloadAt, payloadLength, Objects.requireNonNull(format, "format"));
    }

    /** A fresh read-only view, position 0. */
    public ByteBuffer payload() {
        return ByteBuffer.wrap(bytes).asReadOnlyBuffer().slice(payloadAt, payloadLength);
    }

    public Optional<String> messageId() {
        return Optional.ofNullable(system().get(SystemProperty.MESSAGE_ID));
    }

    /** Unmodifiable. */
    public Map<SystemProperty, String> system() {
        return headers().system();
    }

    /** The sender's own properties; unmodifiable. */
    public Map<String, String> properties() {
        return headers().properties();
    }

    private Headers headers() {
        Headers known = headers;
        if (known == null) {
            known = format.read(bytes, payloadAt);
            headers = known;
        }
        return known;
    }

    @Override
    public String toString() {
        return "CloudMessage[" + payloadLength + " bytes, system=" + system().keySet() + ", properties="
                + properties().keySet() + "]";
    }
}
