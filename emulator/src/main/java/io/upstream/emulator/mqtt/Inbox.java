// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.Receipt;

/** Takes what one connection publishes to where it belongs, and acknowledges it. */
final class Inbox {
    /** What Netty's decoder makes of octets that are not UTF-8. */
    private static final char NOT_UTF_8 = '\ufffd';

    private final TelemetryInbox telemetry;
    private final TwinDesk twin;
    private final MethodDesk methods;

    Inbox(TelemetryInbox telemetry, TwinDesk twin, MethodDesk methods) {
        this.telemetry = telemetry;
        this.twin = twin;
        this.methods = methods;
    }

    /** Borrows the packet. Whatever cannot be taken ends the connection: MQTT has no other way to refuse. */
    void accept(ChannelHandlerContext ctx, MqttPublishMessage publish) throws HubException {
        if (publish.fixedHeader().qosLevel() == MqttQoS.EXACTLY_ONCE) {
            throw new HubException(HubError.MALFORMED, "QoS 2 is not supported");
        }
        String topic = publish.variableHeader().topicName();
        if (topic.indexOf(NOT_UTF_8) >= 0 || topic.indexOf('\0') >= 0) {
            throw new HubException(HubError.MALFORMED, "the topic is not UTF-8 without U+0000");
        }
        if (!DeviceRequest.isOne(topic)) {
            if (telemetry.accept(publish) == Receipt.ACKNOWLEDGE) {
                acknowledge(ctx, publish);
            }
            return;
        }
        DeviceRequest request = DeviceRequest.parse(topic);
        byte[] body = ByteBufUtil.getBytes(publish.payload());
        if (request.kind() == DeviceRequest.Kind.METHOD_ANSWER) {
            methods.answered(request, body);
            acknowledge(ctx, publish);
        } else {
            acknowledge(ctx, publish); // the answer to the request comes behind
            twin.serve(ctx, request, body);
        }
    }

    private static void acknowledge(ChannelHandlerContext ctx, MqttPublishMessage publish) {
        if (publish.fixedHeader().qosLevel() == MqttQoS.AT_LEAST_ONCE) {
            ctx.write(MqttMessageBuilders.pubAck()
                    .packetId(publish.variableHeader().packetId())
                    .build());
        }
    }

    /** The client has said goodbye, so its will counts for nothing (MQTT 3.1.1 section 3.14.4). */
    void forgetWill() {
        telemetry.forgetWill();
    }

    /** The connection ended; without goodbye its will is due. */
    void executeWill() {
        telemetry.executeWill();
    }
}
