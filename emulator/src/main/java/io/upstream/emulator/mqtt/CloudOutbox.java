// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.emulator.hub.CloudDelivery;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cloud-to-device messages of one connection, or those to a module's inputs. Its window is the hub's: no more messages are handed out than fit a device's
 * queue. All methods run on the connection's event loop.
 */
final class CloudOutbox implements FeedSource {
    private static final Logger LOG = LoggerFactory.getLogger(CloudOutbox.class);
    /** Each feed has so many packet ids for itself. */
    private static final int PACKET_IDS = 1 << 14;

    private static final int MAX_TOPIC_BYTES = 65_535;

    private final Hub hub;
    private final HubIdentity identity;
    private final Topics topics;
    private final Feed feed;
    private final StoredSession session;
    private final int firstPacketId;
    private final Map<Integer, CloudDelivery> inFlight = new HashMap<>();
    private Hub.@Nullable Presence link;

    CloudOutbox(Hub hub, HubIdentity identity, Topics topics, Feed feed, StoredSession session) {
        this.hub = hub;
        this.identity = identity;
        this.topics = topics;
        this.feed = feed;
        this.session = session;
        this.firstPacketId = feed == Feed.INPUTS ? PACKET_IDS + 1 : 1;
    }

    @Override
    public void open(ChannelHandlerContext ctx) {
        if (link == null) {
            Consumer<CloudDelivery> receiver = delivery -> ctx.executor().execute(() -> deliver(ctx, delivery));
            Runnable replaced = () -> LOG.debug("{} hands its messages over to a later connection", ctx.channel());
            link = feed == Feed.INPUTS
                    ? hub.receiveInputs(identity, receiver, replaced)
                    : hub.receiveCloudMessages(identity, receiver, replaced);
        }
    }

    @Override
    public void close() {
        if (link != null) {
            link.close();
            link = null;
        }
        inFlight.clear();
    }

    private void deliver(ChannelHandlerContext ctx, CloudDelivery delivery) {
        MqttQoS qos = session.qos(feed);
        if (link == null || qos == null) {
            return; // closed meanwhile: the hub has taken the message back
        }
        try {
            String topic = topics.topic(feed, delivery.message());
            if (topic.getBytes(StandardCharsets.UTF_8).length > MAX_TOPIC_BYTES) {
                LOG.info("a message to {} is rejected: its properties do not fit a topic", identity);
                delivery.reject();
            } else if (qos == MqttQoS.AT_MOST_ONCE) {
                deliverOnce(ctx, delivery, topic);
            } else {
                int packetId = packetId(delivery);
                boolean again = session.wasSent(feed, delivery.sequenceNumber()) || delivery.deliveryCount() > 0;
                inFlight.put(packetId, delivery);
                publish(
                        ctx,
                        new MqttFixedHeader(MqttMessageType.PUBLISH, again, qos, false, 0),
                        topic,
                        packetId,
                        delivery);
            }
        } catch (HubException e) {
            LOG.debug("a message to {} was not settled: {}", identity, e.getMessage());
        }
    }

    /** At QoS 0 a message is done when it is sent; one that comes back is not sent again. */
    private static void deliverOnce(ChannelHandlerContext ctx, CloudDelivery delivery, String topic)
            throws HubException {
        if (delivery.deliveryCount() == 0) {
            MqttFixedHeader header =
                    new MqttFixedHeader(MqttMessageType.PUBLISH, false, MqttQoS.AT_MOST_ONCE, false, 0);
            publish(ctx, header, topic, 0, delivery);
        }
        delivery.complete();
    }

    private static void publish(
            ChannelHandlerContext ctx, MqttFixedHeader header, String topic, int packetId, CloudDelivery delivery) {
        ctx.writeAndFlush(new MqttPublishMessage(
                header,
                new MqttPublishVariableHeader(topic, packetId),
                Unpooled.wrappedBuffer(delivery.message().body())));
    }

    /** From the sequence number, so that a message keeps its packet id when it is sent again (MQTT 3.1.1 section 4.4). */
    private int packetId(CloudDelivery delivery) {
        int offset = (int) (delivery.sequenceNumber() % PACKET_IDS);
        CloudDelivery holder = inFlight.get(firstPacketId + offset);
        while (holder != null && holder.sequenceNumber() != delivery.sequenceNumber()) {
            offset = (offset + 1) % PACKET_IDS;
            holder = inFlight.get(firstPacketId + offset);
        }
        return firstPacketId + offset;
    }

    /** Whether the packet id is one of this feed's. */
    boolean owns(int packetId) {
        return packetId >= firstPacketId && packetId < firstPacketId + PACKET_IDS;
    }

    void acknowledged(int packetId) {
        CloudDelivery delivery = inFlight.remove(packetId);
        if (delivery == null) {
            LOG.debug("{} acknowledges packet {}, which is not in flight", identity, packetId);
            return;
        }
        session.acknowledged(feed, delivery.sequenceNumber());
        try {
            delivery.complete();
        } catch (HubException e) {
            LOG.debug("{} acknowledges too late: {}", identity, e.getMessage());
        }
    }
}
