// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.buffer.ByteBufUtil;
import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.Map;

/**
 * The hub's limit on one message, checked before anything is written: under MQTT the hub answers a larger one by closing the connection,
 * and here it fails alone. Source: the hub's "Quotas and throttling".
 */
public final class HubLimit {
    /** Body, values of system properties, names and values of application properties together. */
    public static final int MAX_TELEMETRY_BYTES = 256 * 1024;

    private HubLimit() {}

    /** Fails with {@link FailureKind#TOO_LARGE} if the hub would not take the message. */
    public static void require(Telemetry telemetry) throws UpstreamException {
        require(size(telemetry));
    }

    /** As {@link #require(Telemetry)}, for a message of {@code size} as the hub counts it. */
    public static void require(long size) throws UpstreamException {
        if (size > MAX_TELEMETRY_BYTES) {
            throw exceeded(size, MAX_TELEMETRY_BYTES, "the hub's limit on body and properties");
        }
    }

    /** The error for a message of {@code size} bytes where {@code whose} is {@code limit}. */
    public static UpstreamException exceeded(long size, long limit, String whose) {
        return UpstreamException.of(
                FailureKind.TOO_LARGE,
                Where.here("send"),
                "the message has " + size + " bytes, " + whose + " is " + limit + ": split it");
    }

    /** How long the hub takes a message for, in bytes. All but the payload's part depends on the properties alone. */
    public static long size(Telemetry telemetry) {
        long size = telemetry.size();
        for (String value : telemetry.system().values()) {
            size += ByteBufUtil.utf8Bytes(value);
        }
        for (Map.Entry<String, String> property : telemetry.properties().entrySet()) {
            size += ByteBufUtil.utf8Bytes(property.getKey()) + ByteBufUtil.utf8Bytes(property.getValue());
        }
        return size;
    }
}
