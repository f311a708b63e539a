// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageIdVariableHeader;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.netty.handler.codec.mqtt.MqttTopicSubscription;
import io.netty.handler.codec.mqtt.MqttUnsubscribeMessage;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection after its CONNECT. Every publish is settled before the next packet is read, and a client that does not read its
 * acknowledgements is not read either, so nothing piles up.
 */
final class SessionHandler extends SimpleChannelInboundHandler<MqttMessage> {
    private static final Logger LOG = LoggerFactory.getLogger(SessionHandler.class);

    private final Topics topics;
    private final Feeds feeds;
    private final Inbox inbox;
    private final Hub.Presence presence;
    private final Lifetime lifetime;
    private Phase phase = Phase.OPEN;

    private enum Phase {
        OPEN,
        /** Closing: what still arrives counts for nothing. */
        CLOSING
    }

    SessionHandler(Topics topics, Feeds feeds, Inbox inbox, Hub.Presence presence, Lifetime lifetime) {
        this.topics = topics;
        this.feeds = feeds;
        this.inbox = inbox;
        this.presence = presence;
        this.lifetime = lifetime;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (!ctx.channel().isActive()) {
            end(); // the connection was lost while its CONNECT was being looked at
            return;
        }
        lifetime.start(ctx);
        ctx.flush();
        feeds.resume(ctx);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext ctx, MqttMessage message) {
        if (phase == Phase.CLOSING) {
            return;
        }
        lifetime.touch(ctx);
        try {
            if (message.decoderResult().isFailure()) {
                throw violation(
                        "a packet is not MQTT 3.1.1: " + message.decoderResult().cause());
            }
            handle(ctx, message);
        } catch (HubException e) {
            LOG.debug("{} is closed: {} {}", ctx.channel(), e.error(), e.getMessage());
            close(ctx);
        }
    }

    private void handle(ChannelHandlerContext ctx, MqttMessage message) throws HubException {
        switch (message.fixedHeader().messageType()) {
            case PUBLISH -> inbox.accept(ctx, (MqttPublishMessage) message);
            case PUBACK -> feeds.acknowledged(((MqttMessageIdVariableHeader) message.variableHeader()).messageId());
            case SUBSCRIBE -> subscribe(ctx, (MqttSubscribeMessage) message);
            case UNSUBSCRIBE -> unsubscribe(ctx, (MqttUnsubscribeMessage) message);
            case PINGREQ -> ctx.write(MqttMessage.PINGRESP);
            case DISCONNECT -> {
                inbox.forgetWill();
                close(ctx);
            }
            default -> throw violation("unexpected " + message.fixedHeader().messageType());
        }
    }

    private void subscribe(ChannelHandlerContext ctx, MqttSubscribeMessage subscribe) throws HubException {
        Map<Feed, MqttQoS> granted = new LinkedHashMap<>();
        MqttMessageBuilders.SubAckBuilder subAck =
                MqttMessageBuilders.subAck().packetId(subscribe.variableHeader().messageId());
        for (MqttTopicSubscription each : subscribe.payload().topicSubscriptions()) {
            // The hub has no QoS 2 and grants 1 instead.
            MqttQoS qos =
                    each.qualityOfService() == MqttQoS.AT_MOST_ONCE ? MqttQoS.AT_MOST_ONCE : MqttQoS.AT_LEAST_ONCE;
            granted.put(topics.feed(each.topicFilter()), qos);
            subAck.addGrantedQos(qos);
        }
        if (granted.isEmpty()) {
            throw violation("a SUBSCRIBE without a filter");
        }
        // Before the client can know of it: what happens behind its SUBACK must reach it. What the feeds bring is
        // written a turn later.
        granted.forEach((feed, qos) -> feeds.subscribe(ctx, feed, qos));
        ctx.writeAndFlush(subAck.build());
    }

    private void unsubscribe(ChannelHandlerContext ctx, MqttUnsubscribeMessage unsubscribe) throws HubException {
        if (unsubscribe.payload().topics().isEmpty()) {
            throw violation("an UNSUBSCRIBE without a filter");
        }
        for (String filter : unsubscribe.payload().topics()) {
            Feed feed = topics.feedOrNull(filter);
            if (feed != null) {
                feeds.unsubscribe(feed);
            }
        }
        ctx.write(MqttMessageBuilders.unsubAck()
                .packetId(unsubscribe.variableHeader().messageId())
                .build());
    }

    private static HubException violation(String what) {
        return new HubException(HubError.MALFORMED, what);
    }

    private void close(ChannelHandlerContext ctx) {
        phase = Phase.CLOSING;
        ctx.flush(); // what was acknowledged before shall arrive
        ctx.close();
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.flush();
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(ctx.channel().isWritable());
        ctx.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        end();
        ctx.fireChannelInactive();
    }

    private void end() {
        phase = Phase.CLOSING;
        lifetime.stop();
        feeds.close();
        presence.close();
        inbox.executeWill();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed: {}", ctx.channel(), cause.toString());
        close(ctx);
    }
}
