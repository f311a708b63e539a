// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.netty.handler.codec.mqtt.MqttSubscribeMessage;
import io.netty.handler.codec.mqtt.MqttTopicSubscription;
import io.netty.handler.codec.mqtt.MqttUnsubscribeMessage;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.provisioning.Admission;
import io.upstream.emulator.provisioning.Provisioning;
import io.upstream.emulator.provisioning.ProvisioningAnswer;
import io.upstream.emulator.provisioning.ProvisioningException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to the provisioning service after its CONNECT: requests come to topics below {@code $dps/registrations}, answers go to
 * {@code $dps/registrations/res/…} if the client has subscribed to that. Nothing is kept for a later connection.
 */
final class ProvisioningSession extends SimpleChannelInboundHandler<MqttMessage> {
    private static final Logger LOG = LoggerFactory.getLogger(ProvisioningSession.class);
    private static final String ANSWERS = "$dps/registrations/res/";
    /** Packet ids run around below this, as the hub's. */
    private static final int LAST_PACKET_ID = 1 << 14;

    private final Provisioning provisioning;
    private final Admission admission;
    private final Lifetime lifetime;
    private Phase phase = Phase.OPEN;
    /** What was granted; {@code null} without a subscription. */
    private @Nullable MqttQoS granted;

    private int packetId;

    private enum Phase {
        OPEN,
        /** What still arrives counts for nothing. */
        CLOSING
    }

    ProvisioningSession(Provisioning provisioning, Admission admission, Lifetime lifetime) {
        this.provisioning = provisioning;
        this.admission = admission;
        this.lifetime = lifetime;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            lifetime.start(ctx);
            ctx.flush();
        } else {
            phase = Phase.CLOSING;
        }
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
            LOG.debug("{} is closed: {}", ctx.channel(), e.getMessage());
            close(ctx);
        }
    }

    private void handle(ChannelHandlerContext ctx, MqttMessage message) throws HubException {
        switch (message.fixedHeader().messageType()) {
            case PUBLISH -> request(ctx, (MqttPublishMessage) message);
            case PUBACK -> {} // an answer is sent once, acknowledged or not
            case SUBSCRIBE -> subscribe(ctx, (MqttSubscribeMessage) message);
            case UNSUBSCRIBE -> unsubscribe(ctx, (MqttUnsubscribeMessage) message);
            case PINGREQ -> ctx.write(MqttMessage.PINGRESP);
            case DISCONNECT -> close(ctx);
            default -> throw violation("unexpected " + message.fixedHeader().messageType());
        }
    }

    private void request(ChannelHandlerContext ctx, MqttPublishMessage publish) throws HubException {
        MqttQoS qos = publish.fixedHeader().qosLevel();
        if (qos == MqttQoS.EXACTLY_ONCE) {
            throw violation("the service has no QoS 2");
        }
        ProvisioningTopic topic =
                ProvisioningTopic.parse(publish.variableHeader().topicName());
        ProvisioningAnswer answer = answer(topic, ByteBufUtil.getBytes(publish.payload()));
        if (qos == MqttQoS.AT_LEAST_ONCE) {
            ctx.write(MqttMessageBuilders.pubAck()
                    .packetId(publish.variableHeader().packetId())
                    .build());
        }
        if (granted != null) {
            publish(ctx, granted, topic.requestId(), answer);
        }
    }

    private ProvisioningAnswer answer(ProvisioningTopic topic, byte[] body) {
        try {
            return switch (topic.kind()) {
                case REGISTER -> provisioning.register(admission, body);
                case OPERATION -> provisioning.operation(admission, topic.operationId());
                case LOOK_UP -> provisioning.lookUp(admission);
            };
        } catch (ProvisioningException e) {
            return e.answer();
        }
    }

    private void publish(ChannelHandlerContext ctx, MqttQoS qos, String requestId, ProvisioningAnswer answer) {
        Duration retryAfter = answer.retryAfter();
        // In this order: a client looks for it behind an ampersand.
        String topic = ANSWERS + answer.status() + "/?$rid=" + requestId
                + (retryAfter == null ? "" : "&retry-after=" + retryAfter.toSeconds());
        int id = 0;
        if (qos == MqttQoS.AT_LEAST_ONCE) {
            packetId = packetId % LAST_PACKET_ID + 1;
            id = packetId;
        }
        ctx.write(new MqttPublishMessage(
                new MqttFixedHeader(MqttMessageType.PUBLISH, false, qos, false, 0),
                new MqttPublishVariableHeader(topic, id),
                Unpooled.wrappedBuffer(answer.json())));
    }

    private void subscribe(ChannelHandlerContext ctx, MqttSubscribeMessage subscribe) throws HubException {
        MqttMessageBuilders.SubAckBuilder subAck =
                MqttMessageBuilders.subAck().packetId(subscribe.variableHeader().messageId());
        if (subscribe.payload().topicSubscriptions().isEmpty()) {
            throw violation("a SUBSCRIBE without a filter");
        }
        for (MqttTopicSubscription each : subscribe.payload().topicSubscriptions()) {
            if (!each.topicFilter().equals(ANSWERS + "#")) {
                throw violation("the service has no topics but " + ANSWERS + "#");
            }
            // There is no QoS 2, 1 is granted instead.
            granted = each.qualityOfService() == MqttQoS.AT_MOST_ONCE ? MqttQoS.AT_MOST_ONCE : MqttQoS.AT_LEAST_ONCE;
            subAck.addGrantedQos(granted);
        }
        ctx.write(subAck.build());
    }

    private void unsubscribe(ChannelHandlerContext ctx, MqttUnsubscribeMessage unsubscribe) {
        if (unsubscribe.payload().topics().contains(ANSWERS + "#")) {
            granted = null;
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
        ctx.flush();
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
        phase = Phase.CLOSING;
        lifetime.stop();
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} failed: {}", ctx.channel(), cause.toString());
        close(ctx);
    }
}
