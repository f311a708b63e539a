// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/** MQTT 3.1.1, the server's side of one connection: says yes to everything, acknowledges each PUBLISH in the read that brought it. */
final class MqttSink extends FrameCutter implements SinkProtocol {
    private static final int CONNECT = 1;
    private static final int PUBLISH = 3;
    private static final int SUBSCRIBE = 8;
    private static final int UNSUBSCRIBE = 10;
    private static final int PINGREQ = 12;
    private static final int DISCONNECT = 14;

    private static final int CONNACK_ACCEPTED = 0x2002_0000;
    private static final int PUBACK_HEAD = 0x4002;
    private static final int UNSUBACK_HEAD = 0xB002;
    private static final int PINGRESP = 0xD000;

    private final Inspector inspector;
    private final ByteBuf lastTopic = Unpooled.directBuffer(256);
    private int lastProperties;
    private boolean over;

    MqttSink(Counters counters) {
        this.inspector = new Inspector(counters);
    }

    @Override
    public void feed(ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        cut(in, answers);
    }

    @Override
    public void endOfRead(ByteBuf answers) {
        // a PUBACK stands for one message: there is nothing to gather
    }

    @Override
    public boolean isOver() {
        return over;
    }

    @Override
    public void release() {
        discard();
        lastTopic.release();
    }

    @Override
    int frameLength(ByteBuf in, int index, int available) throws ProtocolViolation {
        int value = 0;
        for (int i = 1; i < available; i++) {
            int octet = in.getByte(index + i);
            value |= (octet & 0x7F) << (7 * (i - 1));
            if (octet >= 0) {
                return value + i + 1;
            } else if (i == 4) {
                throw new ProtocolViolation("a remaining length of more than four bytes");
            }
        }
        return UNKNOWN;
    }

    @Override
    void frame(ByteBuf in, int index, int length, ByteBuf answers) throws ProtocolViolation {
        int first = in.getUnsignedByte(index);
        int body = index + 2;
        while (in.getByte(body - 1) < 0) {
            body++;
        }
        int end = index + length;
        switch (first >> 4) {
            case PUBLISH -> publish(in, first, body, end, answers);
            case CONNECT -> answers.writeInt(CONNACK_ACCEPTED);
            case SUBSCRIBE -> subscribed(in, body, end, answers);
            case UNSUBSCRIBE -> answers.writeShort(UNSUBACK_HEAD).writeShort(in.getShort(body));
            case PINGREQ -> answers.writeShort(PINGRESP);
            case DISCONNECT -> over = true;
            default -> throw new ProtocolViolation("an MQTT packet of type " + (first >> 4));
        }
    }

    private void publish(ByteBuf in, int first, int body, int end, ByteBuf answers) throws ProtocolViolation {
        int qos = (first >> 1) & 3;
        int topicLength = in.getUnsignedShort(body);
        int packetId = body + 2 + topicLength;
        int payload = packetId + (qos == 0 ? 0 : 2);
        if (payload > end) {
            throw new ProtocolViolation("a PUBLISH whose topic is longer than itself");
        }
        inspector.message(in, payload, end - payload, properties(in, body + 2, topicLength));
        if (qos == 1) {
            answers.writeShort(PUBACK_HEAD).writeShort(in.getShort(packetId));
        } else {
            throw new ProtocolViolation("a PUBLISH of QoS " + qos + " in a comparison of at least once");
        }
    }

    /** How many the topic's property bag holds, an IoT Hub's own ({@code $.mid}) apart; topics repeat. */
    private int properties(ByteBuf in, int index, int length) {
        if (length != lastTopic.readableBytes() || !ByteBufUtil.equals(lastTopic, 0, in, index, length)) {
            lastTopic.clear().writeBytes(in, index, length);
            lastProperties = PropertyBag.count(lastTopic);
        }
        return lastProperties;
    }

    private static void subscribed(ByteBuf in, int body, int end, ByteBuf answers) throws ProtocolViolation {
        int filters = 0;
        for (int at = body + 2; at < end; at += 3 + in.getUnsignedShort(at)) {
            filters++;
        }
        if (filters == 0 || filters > 100) {
            throw new ProtocolViolation("a SUBSCRIBE with " + filters + " filters");
        }
        answers.writeByte(0x90).writeByte(2 + filters).writeShort(in.getShort(body));
        answers.writeZero(filters);
    }
}
