// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import com.hivemq.client.internal.mqtt.MqttClientConfig;
import com.hivemq.client.internal.mqtt.codec.decoder.MqttDecoder;
import com.hivemq.client.internal.mqtt.codec.decoder.MqttMessageDecoders;
import com.hivemq.client.internal.mqtt.codec.decoder.mqtt3.Mqtt3ClientMessageDecoders;
import com.hivemq.client.internal.mqtt.codec.encoder.MqttEncoder;
import com.hivemq.client.internal.mqtt.codec.encoder.MqttEncoderContext;
import com.hivemq.client.internal.mqtt.codec.encoder.MqttMessageEncoder;
import com.hivemq.client.internal.mqtt.codec.encoder.MqttMessageEncoders;
import com.hivemq.client.internal.mqtt.codec.encoder.mqtt3.Mqtt3ClientMessageEncoders;
import com.hivemq.client.internal.mqtt.codec.encoder.mqtt3.Mqtt3PublishEncoder;
import com.hivemq.client.internal.mqtt.message.MqttMessage;
import com.hivemq.client.internal.mqtt.message.connect.MqttConnect;
import com.hivemq.client.internal.mqtt.mqtt3.Mqtt3ClientConfigView;
import com.hivemq.client.mqtt.MqttClient;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.util.List;
import java.util.Map;

/**
 * The codec within the HiveMQ MQTT client, which keeps it to itself: its parts are made as its own injector makes them, and called through
 * constant method handles, which cost nothing once compiled.
 */
final class HiveMq {
    private static final MethodHandle ENCODE = handle(
            MqttMessageEncoder.class,
            "castAndEncode",
            MethodType.methodType(ByteBuf.class, MqttMessage.class, MqttEncoderContext.class));
    private static final MethodHandle DECODE = handle(
            MqttDecoder.class,
            "decode",
            MethodType.methodType(void.class, ChannelHandlerContext.class, ByteBuf.class, List.class));

    private final Mqtt3PublishEncoder publishEncoder = make(Mqtt3PublishEncoder.class, Map.of());
    private final MqttEncoderContext context =
            make(MqttEncoderContext.class, Map.of(ByteBufAllocator.class, PooledByteBufAllocator.DEFAULT));
    private final MqttDecoder decoder = decoder();

    /** Gives the encoded PUBLISH. */
    ByteBuf encode(MqttMessage publish) {
        try {
            return (ByteBuf) ENCODE.invokeExact((MqttMessageEncoder<?>) publishEncoder, publish, context);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Adds one message that begins at the reader index, if all of it is there, as the handler does on each turn of its loop. */
    void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
        try {
            DECODE.invokeExact(decoder, ctx, in, out);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** A new channel handler. */
    static MqttEncoder encoder() {
        return make(
                MqttEncoder.class, Map.of(MqttMessageEncoders.class, make(Mqtt3ClientMessageEncoders.class, Map.of())));
    }

    /** A new channel handler. */
    static MqttDecoder decoder() {
        try {
            Object view = MqttClient.builder().useMqttVersion3().build().getConfig();
            Field delegate = Mqtt3ClientConfigView.class.getDeclaredField("delegate");
            delegate.setAccessible(true);
            return make(
                    MqttDecoder.class,
                    Map.of(
                            MqttMessageDecoders.class,
                            make(Mqtt3ClientMessageDecoders.class, Map.of()),
                            MqttClientConfig.class,
                            delegate.get(view),
                            MqttConnect.class,
                            MqttConnect.DEFAULT));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Calls the one constructor with what is given, or else made in the same way. */
    private static <T> T make(Class<T> type, Map<Class<?>, Object> given) {
        Constructor<?> constructor = type.getDeclaredConstructors()[0];
        constructor.setAccessible(true);
        Class<?>[] wanted = constructor.getParameterTypes();
        Object[] arguments = new Object[wanted.length];
        for (int i = 0; i < wanted.length; i++) {
            Object argument = given.get(wanted[i]);
            arguments[i] = argument == null ? make(wanted[i], given) : argument;
        }
        try {
            return type.cast(constructor.newInstance(arguments));
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(e);
        }
    }

    private static MethodHandle handle(Class<?> type, String name, MethodType signature) {
        try {
            return MethodHandles.privateLookupIn(type, MethodHandles.lookup()).findVirtual(type, name, signature);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
