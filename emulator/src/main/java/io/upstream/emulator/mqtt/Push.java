// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends at QoS 0, which is how the hub sends everything about twins and methods, whatever was granted. */
final class Push {
    private static final Logger LOG = LoggerFactory.getLogger(Push.class);
    /** What may wait for a client that does not read before it is given up. */
    private static final long MAX_BACKLOG_BYTES = 8 * 1024 * 1024;

    private Push() {}

    static void publish(ChannelHandlerContext ctx, String topic, byte[] body) {
        if (ctx.channel().bytesBeforeWritable() > MAX_BACKLOG_BYTES) {
            LOG.debug("{} does not read what it has subscribed to", ctx.channel());
            ctx.close();
            return;
        }
        MqttFixedHeader header = new MqttFixedHeader(MqttMessageType.PUBLISH, false, MqttQoS.AT_MOST_ONCE, false, 0);
        ctx.writeAndFlush(
                new MqttPublishMessage(header, new MqttPublishVariableHeader(topic, 0), Unpooled.wrappedBuffer(body)));
    }
}
