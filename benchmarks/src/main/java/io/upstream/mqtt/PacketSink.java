// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Is told what every decoder finds; looks into it only while a check asks for it. */
final class PacketSink {
    private long sum;
    private long packets;

    @SuppressWarnings("UnusedVariable") // written so that the work for it cannot be left out
    private @Nullable Object topic;

    @SuppressWarnings("UnusedVariable") // written so that the work for it cannot be left out
    private @Nullable Object payload;

    private @Nullable Check check;

    /** What is required of the packets of a check, which are numbered from 1. */
    private static final class Check {
        private final Object candidate;
        private final byte @Nullable [] payload;
        private int packets;

        Check(Object candidate, byte @Nullable [] payload) {
            this.candidate = candidate;
            this.payload = payload;
        }
    }

    /**
     * A PUBLISH.
     *
     * @param name whatever stands for the topic, its text by toString
     * @param body the payload between its indices, a ByteBuf or a ByteBuffer; or a view that shows it
     */
    void publish(Object name, int packetId, Object body) {
        sum += packetId;
        packets++;
        topic = name;
        payload = body;
        if (check != null) {
            check.packets++;
            byte[] expected = check.payload == null ? new byte[0] : check.payload;
            MqttSample.require(check.candidate, check.packets, name.toString(), packetId, bytes(body), expected);
        }
    }

    void pubAck(int packetId) {
        sum += packetId;
        packets++;
        if (check != null && packetId != ++check.packets) {
            throw new IllegalStateException(check.candidate + ": PUBACK " + check.packets + " became " + packetId);
        }
    }

    private static byte[] bytes(Object body) {
        if (body instanceof PublishView view) {
            return view.payloadBytes();
        }
        return ByteBufUtil.getBytes(
                body instanceof ByteBuf buffer ? buffer : Unpooled.wrappedBuffer((ByteBuffer) body));
    }

    /** Requires the packets 1 to {@code count} of {@code reading}, and no others; PUBLISH with {@code expected} unless that is null. */
    void requirePackets(Object candidate, byte @Nullable [] expected, int count, Runnable reading) {
        Check now = new Check(candidate, expected);
        check = now;
        reading.run();
        check = null;
        if (now.packets != count) {
            throw new IllegalStateException(candidate + " found " + now.packets + " packets, not " + count);
        }
    }

    /** Requires that all were found, however long ago the check: a decoder that has given up does its work in no time. */
    void requireTotal(Object candidate, long expected) {
        if (packets != expected) {
            throw new IllegalStateException(candidate + " found " + packets + " packets of " + expected);
        }
    }

    /** For a benchmark to return. */
    long sum() {
        return sum;
    }
}
