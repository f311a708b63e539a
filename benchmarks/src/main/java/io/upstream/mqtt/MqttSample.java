// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.Telemetry;
import java.util.Arrays;
import java.util.SplittableRandom;

/** The message that all MQTT benchmarks send and receive: an IoT Hub's topic with three properties, at QoS 1. */
final class MqttSample {
    static final String TOPIC = "devices/device-1/messages/events/"
            + "%24.mid=0f8fad5b-d9cb-469f-a165-70867728950e&%24.ct=application%2Fjson&alert=false";
    private static final int LARGEST = 1 << 20;

    private MqttSample() {}

    static byte[] payload(int size) {
        byte[] body = new byte[size];
        new SplittableRandom(size).nextBytes(body);
        return body;
    }

    static Telemetry telemetry(byte[] payload) {
        return Telemetry.of(payload)
                .messageId("0f8fad5b-d9cb-469f-a165-70867728950e")
                .contentType("application/json")
                .property("alert", "false");
    }

    /** The packets 1 to {@code count} one behind the other in one direct buffer, as Netty writes them. */
    static ByteBuf stream(byte[] payload, int count) {
        EmbeddedChannel channel = new EmbeddedChannel(MqttEncoder.INSTANCE);
        ByteBuf all = Unpooled.directBuffer(count * (payload.length + TOPIC.length() + 16));
        for (int id = 1; id <= count; id++) {
            channel.writeOutbound(new MqttPublishMessage(
                    new MqttFixedHeader(MqttMessageType.PUBLISH, false, MqttQoS.AT_LEAST_ONCE, false, 0),
                    new MqttPublishVariableHeader(TOPIC, id),
                    Unpooled.wrappedBuffer(payload)));
            ByteBuf packet = channel.readOutbound();
            all.writeBytes(packet);
            packet.release();
        }
        channel.finishAndReleaseAll();
        return all;
    }

    /** Requires that Netty's decoder finds in {@code bytes} the packets 1 to {@code count} and nothing else. */
    static void requirePackets(Object candidate, byte[] bytes, byte[] payload, int count) {
        EmbeddedChannel channel = new EmbeddedChannel(new MqttDecoder(LARGEST));
        channel.writeInbound(Unpooled.wrappedBuffer(bytes));
        for (int id = 1; id <= count; id++) {
            Object packet = channel.readInbound();
            if (!(packet instanceof MqttPublishMessage publish)) {
                throw new IllegalStateException(candidate + " wrote " + packet + " in place of packet " + id);
            }
            require(
                    candidate,
                    id,
                    publish.variableHeader().topicName(),
                    publish.variableHeader().packetId(),
                    ByteBufUtil.getBytes(publish.payload()),
                    payload);
            if (publish.fixedHeader().qosLevel() != MqttQoS.AT_LEAST_ONCE
                    || publish.fixedHeader().isDup()
                    || publish.fixedHeader().isRetain()) {
                throw new IllegalStateException(candidate + " wrote the flags " + publish.fixedHeader());
            }
            publish.release();
        }
        if (channel.finishAndReleaseAll()) {
            throw new IllegalStateException(candidate + " wrote more than was asked for");
        }
    }

    /** Requires that a packet is the one with number {@code id}. */
    static void require(Object candidate, int id, String topic, int packetId, byte[] payload, byte[] expected) {
        if (!topic.equals(TOPIC) || packetId != id || !Arrays.equals(payload, expected)) {
            throw new IllegalStateException(candidate + ": packet " + id + " became packet " + packetId + " to " + topic
                    + " with " + payload.length + " bytes");
        }
    }
}
