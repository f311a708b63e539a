// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBufUtil;
import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.Map;
import java.util.Optional;

/** The hub's limit on one message, checked here so that a message over it fails alone and without a round trip. */
final class HubLimits {
    /** As the hub counts: body, values of system properties, names and values of the application's ("Quotas and throttling"). */
    static final int MAX_TELEMETRY_BYTES = 256 * 1024;

    private HubLimits() {}

    static Optional<UpstreamException> refusal(Telemetry telemetry) {
        long size = size(telemetry);
        return size <= MAX_TELEMETRY_BYTES ? Optional.empty() : Optional.of(tooLarge(size, MAX_TELEMETRY_BYTES));
    }

    static UpstreamException tooLarge(long size, long limit) {
        return UpstreamException.of(
                FailureKind.TOO_LARGE,
                Where.here("send"),
                "the message has " + size + " bytes with its properties, the hub takes " + limit
                        + ": send smaller messages");
    }

    static long size(Telemetry telemetry) {
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
