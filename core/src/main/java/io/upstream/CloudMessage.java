// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One message from the hub to a device. It owns its bytes: it may be kept and read by any thread for as long as anybody likes.
 */
public final class CloudMessage {
    private final ByteBuffer payload;
    private final Map<SystemProperty, String> system;
    private final Map<String, String> properties;

    /** Takes {@code payload}; copies the maps. */
    public CloudMessage(byte[] payload, Map<SystemProperty, String> system, Map<String, String> properties) {
        this.payload = ByteBuffer.wrap(payload).asReadOnlyBuffer();
        Map<SystemProperty, String> known = new EnumMap<>(SystemProperty.class);
        known.putAll(system);
        this.system = Collections.unmodifiableMap(known);
        this.properties = Collections.unmodifiableMap(new LinkedHashMap<>(properties));
    }

    /** A fresh read-only view, position 0. */
    public ByteBuffer payload() {
        return payload.duplicate();
    }

    public Optional<String> messageId() {
        return Optional.ofNullable(system.get(SystemProperty.MESSAGE_ID));
    }

    /** Unmodifiable. */
    public Map<SystemProperty, String> system() {
        return system;
    }

    /** The sender's own properties; unmodifiable. */
    public Map<String, String> properties() {
        return properties;
    }

    @Override
    public String toString() {
        return "CloudMessage[" + payload.remaining() + " bytes, system=" + system.keySet() + ", properties="
                + properties.keySet() + "]";
    }
}
