// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.List;

/** What netty-codec-mqtt does within its handlers, without the way through a channel. */
final class NettyMqtt {
    static final int LARGEST = 1 << 20;

    private static final MethodHandle ENCODE = encoder();
    private static final MethodHandle DECODE = decoder();

    private NettyMqtt() {}

    /** Borrows the payload and gives the encoded packet. */
    static ByteBuf encode(ChannelHandlerContext ctx, MqttMessage message) {
        try {
            return (ByteBuf) ENCODE.invokeExact(ctx, message);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    static MqttPublishMessage publish(int packetId, ByteBuf payload) {
        return new MqttPublishMessage(
                new MqttFixedHeader(MqttMessageType.PUBLISH, false, MqttQoS.AT_LEAST_ONCE, false, 0),
                new MqttPublishVariableHeader(MqttSample.TOPIC, packetId),
                payload);
    }

    /** Adds one message that begins at the reader index; all of it must be there. */
    static void decode(MqttDecoder decoder, ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        try {
            DECODE.invokeExact(decoder, ctx, in, out);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle encoder() {
        try {
            return MethodHandles.privateLookupIn(MqttEncoder.class, MethodHandles.lookup())
                    .findStatic(
                            MqttEncoder.class,
                            "doEncode",
                            MethodType.methodType(ByteBuf.class, ChannelHandlerContext.class, MqttMessage.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private static MethodHandle decoder() {
        try {
            return MethodHandles.privateLookupIn(MqttDecoder.class, MethodHandles.lookup())
                    .findVirtual(
                            MqttDecoder.class,
                            "decode",
                            MethodType.methodType(void.class, ChannelHandlerContext.class, ByteBuf.class, List.class));
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
