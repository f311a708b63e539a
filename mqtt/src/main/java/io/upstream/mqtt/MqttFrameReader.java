// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.frame.FrameAccumulator;

/**
 * Tells a listener the packets that a server sends, without an object for each. Strict: whatever MQTT 3.1.1 does not let a server send to a
 * client that asks for QoS 1 at most is a violation, found as soon as its fixed header is there, reported once as an {@link
 * UpstreamException} of kind {@link FailureKind#PROTOCOL}; what follows it is thrown away.
 *
 * <p>Netty's decoder is not used for this side: after a bad packet it swallows the rest of the stream in silence, it waits for ever for
 * the content of a PUBACK that has none, and it passes on packets that only a client may send.
 */
final class MqttFrameReader extends ChannelInboundHandlerAdapter {
    /** A payload of 256 KiB, the longest topic, and the rest of a PUBLISH. */
    static final int MAX_PACKET = 327_700;

    /** The first two octets of every PUBACK (MQTT 3.1.1 §3.4). */
    private static final int PUBACK = 0x4002;

    private static final int PUBACK_LENGTH = 4;

    private final Where where;
    private final CloudTopic cloudTopic;
    private final FrameAccumulator<UpstreamException> accumulator;
    private final PublishView view = new PublishView();
    private PacketListener listener;

    /** For bytes of {@code channel}; messages are expected from {@code cloudTopic}. */
    MqttFrameReader(Channel channel, Where where, CloudTopic cloudTopic, PacketListener listener) {
        this.cloudTopic = cloudTopic;
        this.where = where;
        this.listener = listener;
        this.accumulator = new FrameAccumulator<>(channel.alloc(), new Packets());
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) throws UpstreamException {
        try {
            accumulator.feed((ByteBuf) message);
        } finally {
            view.hide();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        accumulator.discard();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        accumulator.discard();
    }

    /** MQTT 3.1.1 as far as it flows from server to client below QoS 2. */
    private final class Packets implements FrameAccumulator.Format<UpstreamException> {
        @Override
        public int run(ByteBuf in) throws UpstreamException {
            long address = Octets.address(in);
            int start = in.readerIndex();
            int end = in.writerIndex();
            int at = start;
            while (end - at >= Integer.BYTES && accumulator.isCutting()) {
                int head = Octets.four(in, address, at);
                int packetId = head & 0xFFFF;
                if (head >>> 16 == PUBACK && packetId != 0) {
                    listener.pubAck(packetId);
                    at += PUBACK_LENGTH;
                    continue;
                }
                int length = length(head);
                if (length == UNKNOWN || length > end - at) {
                    break;
                }
                packet(in, address, at, length);
                at += length;
            }
            return at - start;
        }

        @Override
        public int frameLength(ByteBuf in) throws UpstreamException {
            int start = in.readerIndex();
            int available = in.readableBytes();
            int length = available < Integer.BYTES ? UNKNOWN : length(in.getInt(start));
            return length == UNKNOWN ? frameLength(in, start, available) : length;
        }

        /** Of a packet that begins with {@code head}, header included; unknown if that does not hold all of the remaining length. */
        private int length(int head) throws UpstreamException {
            requireServerPacket(head >>> 24);
            int octets = lengthOctets(head);
            if (octets == 0) {
                return UNKNOWN;
            }
            int remaining = remainingLength(head, octets);
            requireLength(head >>> 24, remaining, 1 + octets);
            return 1 + octets + remaining;
        }

        /** Octet by octet. */
        private int frameLength(ByteBuf in, int start, int available) throws UpstreamException {
            int first = in.getUnsignedByte(start);
            requireServerPacket(first);
            int length = 0;
            int octets = 0;
            int octet;
            do {
                if (octets == 4) {
                    throw violation("a remaining length of more than four octets");
                }
                if (1 + octets == available) {
                    return UNKNOWN;
                }
                octet = in.getUnsignedByte(start + 1 + octets);
                length |= (octet & 0x7F) << (7 * octets);
                octets++;
            } while (octet > 0x7F);
            requireLength(first, length, 1 + octets);
            return 1 + octets + length;
        }

        @Override
        public void frame(ByteBuf in, int length) throws UpstreamException {
            packet(in, Octets.address(in), in.readerIndex(), length);
        }

        private void packet(ByteBuf in, long address, int start, int length) throws UpstreamException {
            int first = Octets.one(in, address, start) & 0xFF;
            switch (first >> 4) {
                case 2 -> connAck(in.getUnsignedByte(start + 2), in.getUnsignedByte(start + 3));
                case 3 -> publish(in, address, start, length);
                case 4 -> listener.pubAck(packetId(first, in.getUnsignedShort(start + 2)));
                case 9 ->
                    listener.subAck(packetId(first, in.getUnsignedShort(start + 2)), in.getUnsignedByte(start + 4));
                default -> listener.pingResp();
            }
        }
    }

    /** How many octets the remaining length takes in a packet that begins with {@code head}; 0 if more than are in there. */
    private static int lengthOctets(int head) {
        int continued = head & 0x80_8080;
        return (continued & 0x80_0000) == 0 ? 1 : (continued & 0x8000) == 0 ? 2 : (continued & 0x80) == 0 ? 3 : 0;
    }

    private static int remainingLength(int head, int octets) {
        return switch (octets) {
            case 1 -> (head >>> 16) & 0x7F;
            case 2 -> ((head >>> 16) & 0x7F) | (((head >>> 8) & 0x7F) << 7);
            default -> ((head >>> 16) & 0x7F) | (((head >>> 8) & 0x7F) << 7) | ((head & 0x7F) << 14);
        };
    }

    /** The types and flags of MQTT 3.1.1 §2.2. */
    private void requireServerPacket(int first) throws UpstreamException {
        int flags = first & 0xF;
        boolean good = switch (first >> 4) {
            case 2, 4, 9, 13 -> flags == 0; // CONNACK, PUBACK, SUBACK, PINGRESP
            case 3 -> ((flags >> 1) & 3) < 2 && (flags & 0b1010) != 0b1000; // PUBLISH; DUP only above QoS 0
            default -> false;
        };
        if (!good) {
            throw violation("a packet that begins with 0x" + Integer.toHexString(first)
                    + ", which no server sends to a client that asked for QoS 1");
        }
    }

    private void requireLength(int first, int length, int header) throws UpstreamException {
        boolean good = switch (first >> 4) {
            case 2, 4 -> length == 2;
            case 9 -> length == 3; // one topic is asked for at a time
            case 13 -> length == 0;
            default -> length >= ((first & 0b0110) == 0 ? 3 : 5) && header + length <= MAX_PACKET;
        };
        if (!good) {
            throw violation("a " + name(first) + " with a remaining length of " + length);
        }
    }

    private void connAck(int flags, int code) throws UpstreamException {
        if (flags > 1 || code > 5) {
            throw violation("a CONNACK with flags " + flags + " and code " + code);
        }
        listener = listener.connAck(code, flags == 1);
    }

    private void publish(ByteBuf in, long address, int start, int length) throws UpstreamException {
        int head = Octets.four(in, address, start);
        int octets = lengthOctets(head);
        int at = start + 1 + (octets == 0 ? 4 : octets);
        int idLength = (head & 0x0600_0000) == 0 ? 0 : 2;
        int topicLength = Octets.two(in, address, at);
        int topicAt = at + 2;
        int payloadAt = topicAt + topicLength + idLength;
        int payloadLength = start + length - payloadAt;
        if (topicLength == 0 || payloadLength < 0) {
            throw violation(
                    "a PUBLISH with a topic of " + topicLength + " bytes in a packet of " + (start + length - at));
        }
        int matched = cloudTopic.matched(in, address, topicAt, topicLength);
        String flaw = Topics.flaw(in, address, topicAt + matched, topicLength - matched);
        if (flaw != null) {
            throw violation("a PUBLISH with " + flaw);
        }
        int packetId = idLength == 0 ? 0 : packetId(0x30, Octets.two(in, address, payloadAt - 2));
        view.showTopic(in, topicAt, topicLength, matched);
        view.showRest(packetId, payloadAt, payloadLength);
        listener.publish(view);
    }

    private int packetId(int first, int packetId) throws UpstreamException {
        if (packetId == 0) {
            throw violation("a " + name(first) + " with packet id 0");
        }
        return packetId;
    }

    private static String name(int first) {
        return MqttMessageType.valueOf(first >> 4).name();
    }

    private UpstreamException violation(String what) {
        return violation(where, what);
    }

    /** The one form of all complaints about the peer's MQTT. */
    static UpstreamException violation(Where where, String what) {
        return UpstreamException.of(
                FailureKind.PROTOCOL,
                where,
                where.hop() + " broke MQTT 3.1.1: it sent " + what + ": check what answers on that port");
    }
}
