// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.upstream.FailureKind;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.session.HubLimit;

/**
 * Writes the head of a PUBLISH at QoS 1: everything but the payload (MQTT 3.1.1 §3.3). Refuses what the peer would answer by closing the
 * connection, since MQTT has no error for a single message.
 */
final class PublishEncoder {
    /** The largest remaining length that four octets can say (MQTT 3.1.1 §2.2.3). */
    static final int FRAME_LIMIT = 268_435_455;

    /** The largest topic that two octets can say. */
    private static final int TOPIC_LIMIT = 65_535;

    /** PUBLISH, QoS 1, neither DUP nor RETAIN. */
    private static final int FIRST_OCTET = 0b0011_0010;

    private final byte[] topic;
    private final Dialect dialect;

    PublishEncoder(Dialect dialect) {
        this.dialect = dialect;
        this.topic = dialect.telemetryTopic().getBytes(UTF_8);
    }

    /**
     * Appends the head to {@code out}, which it borrows. The remaining length already counts the payload, which must follow.
     *
     * @throws UpstreamException {@link io.upstream.MessageException} for this message alone; {@code out} is as before
     */
    void encodeHead(Telemetry message, int packetId, ByteBuf out) throws UpstreamException {
        if (dialect.hub()) {
            HubLimit.require(message);
        }
        int topicLength = topicLength(message);
        int remaining = remainingLength(topicLength, message.size());
        out.ensureWritable(1 + lengthOctets(remaining) + 2 + topicLength + 2);
        out.writeByte(FIRST_OCTET);
        writeLength(remaining, out);
        out.writeShort(topicLength).writeBytes(topic);
        if (dialect.bag()) {
            PropertyBag.write(message.system(), message.properties(), out);
        }
        out.writeShort(packetId);
    }

    private static void writeLength(int length, ByteBuf out) {
        int rest = length;
        while (rest > 0x7F) {
            out.writeByte((rest & 0x7F) | 0x80);
            rest >>>= 7;
        }
        out.writeByte(rest);
    }

    /** How many octets a remaining length takes. */
    static int lengthOctets(int remaining) {
        return remaining < 1 << 7 ? 1 : remaining < 1 << 14 ? 2 : remaining < 1 << 21 ? 3 : 4;
    }

    private int topicLength(Telemetry message) throws UpstreamException {
        if (!dialect.bag()) {
            if (!message.properties().isEmpty()) {
                throw invalid(
                        "the message has properties, and MQTT 3.1.1 carries none to a topic of one's own: leave them out, or use AMQP");
            }
            return topic.length;
        }
        SystemProperty foreign = PropertyBag.foreign(message.system());
        if (foreign != null) {
            throw invalid("system property " + foreign.label() + " is set by the hub and cannot be sent: leave it out");
        }
        long bag = PropertyBag.encodedLength(message.system(), message.properties());
        if (bag < 0) {
            throw invalid("a property of the message is not Unicode text (a lone surrogate): encode it in another way");
        }
        if (topic.length + bag > TOPIC_LIMIT) {
            throw invalid("the properties of the message make a topic of " + (topic.length + bag)
                    + " bytes, MQTT carries at most " + TOPIC_LIMIT + ": send less in properties, or use AMQP");
        }
        return topic.length + (int) bag;
    }

    private static int remainingLength(int topicLength, int payload) throws UpstreamException {
        long remaining = 2L + topicLength + 2 + payload;
        if (remaining > FRAME_LIMIT) {
            throw HubLimit.exceeded(remaining, FRAME_LIMIT, "the limit of MQTT itself");
        }
        return (int) remaining;
    }

    private static UpstreamException invalid(String text) {
        return UpstreamException.of(FailureKind.INVALID, Where.here("send"), text);
    }
}
