// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBufUtil;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.frame.FlatProperties;
import io.upstream.session.HubProperties;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What messages with the same properties have in common. */
final class Sections {
    private final FlatProperties properties;
    private final byte[] encoded;
    private final long hubSize;
    private final @Nullable String hubObjection;

    /** The maps of the message that had them last. */
    private Map<SystemProperty, String> systemMap;

    private Map<String, String> propertyMap;

    /**
     * Takes both.
     *
     * @param properties those of {@code message}
     * @param encoded the same as sections
     */
    Sections(Telemetry message, FlatProperties properties, byte[] encoded) {
        this.properties = properties;
        this.encoded = encoded;
        hubSize = hubSize(properties);
        hubObjection = HubProperties.objection(properties);
        systemMap = message.system();
        propertyMap = message.properties();
    }

    /** As {@link io.upstream.session.HubLimit#size}, without the payload. */
    private static long hubSize(FlatProperties properties) {
        long size = 0;
        for (int i = 0; i < properties.size(); i++) {
            size += ByteBufUtil.utf8Bytes(properties.value(i));
            if (properties.systemName(i) == null) {
                size += ByteBufUtil.utf8Bytes(properties.name(i));
            }
        }
        return size;
    }

    /** What comes before a message's data section. Not to be changed. */
    byte[] encoded() {
        return encoded;
    }

    /** How long the hub takes {@code message} for, in bytes. */
    long hubSize(Telemetry message) {
        return hubSize + message.size();
    }

    /** Why an IoT Hub would misread them, as the text of an error; null if it would not. */
    @Nullable
    String hubObjection() {
        return hubObjection;
    }

    /** Whether {@code message} has the very same properties, which {@link Telemetry#withPayload} keeps. */
    boolean isOf(Telemetry message) {
        return propertyMap == message.properties() && systemMap == message.system();
    }

    /** Whether {@code message} has equal properties; then {@link #isOf} knows it from now on. */
    boolean takes(Telemetry message, FlatProperties same) {
        if (!properties.same(same)) {
            return false;
        }
        systemMap = message.system();
        propertyMap = message.properties();
        return true;
    }

    /** What it holds, for use again; it must not be asked for what it {@link #takes} any more. */
    FlatProperties properties() {
        return properties;
    }
}
