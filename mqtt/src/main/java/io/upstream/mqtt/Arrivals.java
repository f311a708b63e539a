// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.CloudMessage;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells by its topic what a PUBLISH of the hub is, and gives it to whom it is for. Confined to the event loop. */
final class Arrivals {
    private static final Logger log = LoggerFactory.getLogger(Arrivals.class);

    private final boolean fromHub;
    private final CloudMessages messages;
    private final Inbox inbox;
    private final Supplier<HubTraffic> hub;
    private final PacketWriter writer;
    private final Where where;

    /**
     * For one connection.
     *
     * @param hub asked for only when something comes for it
     * @param writer for what is acknowledged by itself
     */
    Arrivals(SessionSetup setup, Inbox inbox, Supplier<HubTraffic> hub, PacketWriter writer, Where where) {
        this.fromHub = setup.dialect().hub();
        this.messages = new CloudMessages(setup.dialect().cloudTopic(), setup.identity());
        this.inbox = inbox;
        this.hub = hub;
        this.writer = writer;
        this.where = where;
    }

    void publish(PublishView message) {
        CloudMessage read = messages.read(message);
        if (read != null) {
            inbox.receive(read, message.packetId(), message.topicLength() + message.payloadLength());
        } else {
            receiveOther(message);
        }
    }

    /** What is no message goes at QoS 0; at QoS 1 it is acknowledged whatever it is, or it would come again for ever. */
    private void receiveOther(PublishView message) {
        if (message.packetId() != 0) {
            writer.pubAck(message.packetId());
        }
        HubTopic topic = fromHub ? HubTopic.parse(message.topic(0)) : null;
        if (topic == null) {
            log.warn("nobody here reads what {} sent on topic {}", where.hop(), Failures.printable(message.topic(0)));
        } else {
            hub.get().receive(topic, message);
        }
    }
}
