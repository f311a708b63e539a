// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;

/**
 * A PUBLISH where it lies in what was read. One object for all of a connection: good during the call that it is passed to, and for nothing
 * after that. Its topic is known to be UTF-8 without NUL and wildcards, and is made a string only for those who ask.
 */
final class PublishView {
    private ByteBuf bytes = Unpooled.EMPTY_BUFFER;
    private int topicAt;
    private int topicLength;
    private int matched;
    private int packetId;
    private int payloadAt;
    private int payloadLength;

    /** Shows a topic; borrows {@code in} until {@link #hide}. */
    @SuppressWarnings("ReferenceEquality") // it matters which buffer it is, not what lies in it
    void showTopic(ByteBuf in, int at, int length, int matchedOctets) {
        if (bytes != in) { // a reference that is written costs a memory barrier, more than the rest of the view
            bytes = in;
        }
        topicAt = at;
        topicLength = length;
        matched = matchedOctets;
    }

    /** Shows what belongs to that topic. */
    void showRest(int id, int at, int length) {
        packetId = id;
        payloadAt = at;
        payloadLength = length;
    }

    /** Shows nothing any more. */
    @SuppressWarnings("ReferenceEquality") // likewise
    void hide() {
        if (bytes != Unpooled.EMPTY_BUFFER) {
            bytes = Unpooled.EMPTY_BUFFER;
        }
    }

    /** In bytes, at least 1. */
    int topicLength() {
        return topicLength;
    }

    /** How many of them are the {@link CloudTopic} of this connection; 0 if it is another topic. */
    int matched() {
        return matched;
    }

    /** The topic from byte {@code from} on. */
    String topic(int from) {
        return bytes.toString(topicAt + from, topicLength - from, UTF_8);
    }

    /** The topic. */
    @Override
    public String toString() {
        return topic(0);
    }

    /** 0 at QoS 0. */
    int packetId() {
        return packetId;
    }

    int payloadLength() {
        return payloadLength;
    }

    /** Where the payload lies: a view without a copy; good during the call, retained by whoever keeps it. */
    ByteBuf payload() {
        return bytes.slice(payloadAt, payloadLength);
    }

    /** A copy of the topic from byte {@code from} on, and of the payload behind it. */
    byte[] bytes(int from) {
        int length = topicLength - from;
        byte[] copy = new byte[length + payloadLength];
        bytes.getBytes(topicAt + from, copy, 0, length);
        bytes.getBytes(payloadAt, copy, length, payloadLength);
        return copy;
    }

    /** A copy of the payload. */
    byte[] payloadBytes() {
        return ByteBufUtil.getBytes(bytes, payloadAt, payloadLength);
    }
}
