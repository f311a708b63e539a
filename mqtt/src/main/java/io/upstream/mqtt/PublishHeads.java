// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.frame.FlatProperties;
import io.upstream.session.HubProperties;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The heads of the messages that were sent last, by their properties: what many messages share is checked and encoded once. A set is looked
 * up by the identity of its two maps, which {@link Telemetry#withPayload(byte[])} keeps and which never change, and then by comparison.
 *
 * <p>Bounded: at most {@link #CAPACITY} heads with topics of at most {@link #KEPT_TOPIC} bytes. When there is no room, one that was not
 * asked for again since the last time is overwritten, so that sets used once do not drive out the one that every other message has.
 * Confined to the event loop.
 */
final class PublishHeads {
    /** What one device sends is of a few kinds. */
    static final int CAPACITY = 8;

    /** A longer topic takes so long on the wire that encoding it again does not matter. */
    static final int KEPT_TOPIC = 2_048;

    /** The largest topic that two octets can say. */
    private static final int TOPIC_LIMIT = 65_535;

    private static final @Nullable PublishHead[] NONE = new @Nullable PublishHead[0];

    private final Dialect dialect;

    /** What all topics begin with, from the first message on. */
    private byte @Nullable [] prefix;

    private @Nullable PublishHead latest;
    private @Nullable PublishHead[] heads = NONE;
    private int count;

    /** Bit n is set if head n was asked for again since {@link #hand} last passed it. */
    private int again;

    private int hand;
    private @Nullable FlatProperties spare;

    /** Holds nothing yet. */
    PublishHeads(Dialect dialect) {
        this.dialect = dialect;
    }

    /**
     * The head of {@code message}, good until the next call.
     *
     * @throws UpstreamException {@link io.upstream.MessageException} if its properties cannot be sent
     */
    PublishHead of(Telemetry message) throws UpstreamException {
        PublishHead head = latest;
        return head != null && head.isOf(message) ? head : search(message);
    }

    private PublishHead search(Telemetry message) throws UpstreamException {
        for (int i = 0; i < count; i++) {
            PublishHead head = heads[i];
            if (head != null && head.isOf(message)) {
                return found(head, i);
            }
        }
        FlatProperties set = spare == null ? new FlatProperties() : spare;
        spare = null; // if anything is wrong with them they shall not stay
        set.set(message);
        for (int i = 0; i < count; i++) {
            PublishHead head = heads[i];
            if (head != null && head.takes(message, set)) {
                spare = set;
                return found(head, i);
            }
        }
        return make(message, set);
    }

    private PublishHead found(PublishHead head, int index) {
        again |= 1 << index;
        latest = head;
        return head;
    }

    private PublishHead make(Telemetry message, FlatProperties set) throws UpstreamException {
        byte[] topic = prefix == null ? dialect.telemetryTopic().getBytes(UTF_8) : prefix;
        prefix = topic;
        int bag = bagLength(set, topic.length);
        if (topic.length + bag > KEPT_TOPIC) {
            PublishHead once = new PublishHead();
            once.become(message, set, topic, bag);
            return once;
        }
        PublishHead head = room();
        spare = head.become(message, set, topic, bag);
        latest = head;
        return head;
    }

    private PublishHead room() {
        if (count < CAPACITY) {
            if (count == heads.length) {
                heads = Arrays.copyOf(heads, count == 0 ? 1 : CAPACITY);
            }
            PublishHead head = new PublishHead();
            heads[count++] = head;
            return head;
        }
        while ((again & (1 << hand)) != 0) {
            again &= ~(1 << hand);
            hand = (hand + 1) % CAPACITY;
        }
        PublishHead head = Objects.requireNonNull(heads[hand]);
        hand = (hand + 1) % CAPACITY;
        return head;
    }

    private int bagLength(FlatProperties set, int before) throws UpstreamException {
        if (!dialect.bag()) {
            if (set.hasOwn()) {
                throw invalid(
                        "the message has properties, and MQTT 3.1.1 carries none to a topic of one's own: leave them out, or use AMQP");
            }
            return 0;
        }
        String objection = dialect.hub() ? HubProperties.objection(set) : HubProperties.unsendable(set);
        if (objection != null) {
            throw invalid(objection);
        }
        long bag = PropertyBag.encodedLength(set);
        if (before + bag > TOPIC_LIMIT) {
            throw invalid("the properties of the message make a topic of " + (before + bag)
                    + " bytes, MQTT carries at most " + TOPIC_LIMIT + ": send less in properties, or use AMQP");
        }
        return (int) bag;
    }

    private static UpstreamException invalid(String text) {
        return UpstreamException.of(FailureKind.INVALID, Where.here("send"), text);
    }
}
