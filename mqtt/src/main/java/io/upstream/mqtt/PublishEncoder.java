// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.session.HubLimit;

/**
 * Makes the head of a PUBLISH at QoS 1: everything but the payload (MQTT 3.1.1 §3.3). Refuses what the peer would answer by closing the
 * connection, since MQTT has no error for a single message. Confined to the event loop.
 */
final class PublishEncoder {
    /** The largest remaining length that four octets can say (MQTT 3.1.1 §2.2.3). */
    static final int FRAME_LIMIT = 268_435_455;

    private final Dialect dialect;
    private final PublishHeads heads;

    PublishEncoder(Dialect dialect) {
        this.dialect = dialect;
        this.heads = new PublishHeads(dialect);
    }

    /**
     * The head of {@code message}, to be written before the next call. Its remaining length already counts the payload, which must follow.
     *
     * @throws UpstreamException {@link io.upstream.MessageException} for this message alone
     */
    PublishHead head(Telemetry message, int packetId) throws UpstreamException {
        PublishHead head = heads.of(message);
        int payload = message.size();
        // the bag is never shorter than the text in it: most messages need no count
        if (dialect.hub() && ((long) payload + head.bagLength() > HubLimit.MAX_TELEMETRY_BYTES || !dialect.bag())) {
            HubLimit.require(message);
        }
        long remaining = head.remaining(payload);
        if (remaining > FRAME_LIMIT) {
            throw HubLimit.exceeded(remaining, FRAME_LIMIT, "the limit of MQTT itself");
        }
        head.prepare((int) remaining, packetId);
        return head;
    }
}
