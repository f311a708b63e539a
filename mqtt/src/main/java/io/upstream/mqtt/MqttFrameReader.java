// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.List;

/**
 * Cuts what a server sends into packets and tells them to a listener, without an object for each. Strict: whatever MQTT 3.1.1 does not
 * let a server send to a client that asks for QoS 1 at most is a violation, found as soon as its fixed header is there, reported once as
 * an {@link UpstreamException} of kind {@link FailureKind#PROTOCOL}; what follows it is thrown away.
 *
 * <p>Netty's decoder is not used for this side: after a bad packet it swallows the rest of the stream in silence, it waits for ever for
 * the content of a PUBACK that has none, and it passes on packets that only a client may send.
 */
final class MqttFrameReader extends ByteToMessageDecoder {
    /** A payload of 256 KiB, the longest topic, and the rest of a PUBLISH. */
    static final int MAX_PACKET = 327_700;

    private final Where where;
    private PacketListener listener;
    private State state = State.READING;

    private enum State {
        READING,
        BROKEN
    }

    MqttFrameReader(Where where, PacketListener listener) {
        this.where = where;
        this.listener = listener;
    }

    /**
     * Not the inherited one: that asks the socket for more whenever nothing was passed up the pipeline, and here nothing ever is, so
     * that a socket whose reading is paused would be read all the same.
     */
    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        discardSomeReadBytes();
        ctx.fireChannelReadComplete();
    }

    @Override
    protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws UpstreamException {
        if (state == State.BROKEN) {
            in.skipBytes(in.readableBytes());
            return;
        }
        try {
            readPacket(in);
        } catch (UpstreamException | RuntimeException e) {
            state = State.BROKEN;
            in.skipBytes(in.readableBytes());
            throw e;
        }
    }

    /** Consumes one whole packet, or nothing. */
    private void readPacket(ByteBuf in) throws UpstreamException {
        int start = in.readerIndex();
        int available = in.readableBytes();
        if (available < 2) {
            return;
        }
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
                return;
            }
            octet = in.getUnsignedByte(start + 1 + octets);
            length |= (octet & 0x7F) << (7 * octets);
            octets++;
        } while (octet > 0x7F);
        requireLength(first, length, 1 + octets);
        if (available - 1 - octets < length) {
            return;
        }
        in.skipBytes(1 + octets);
        tell(first, in.readSlice(length));
    }

    /** The types and flags of MQTT 3.1.1 §2.2 that flow from server to client below QoS 2. */
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

    private void tell(int first, ByteBuf packet) throws UpstreamException {
        switch (first >> 4) {
            case 2 -> connAck(packet.readUnsignedByte(), packet.readUnsignedByte());
            case 3 -> publish((first & 0b0110) != 0, packet);
            case 4 -> listener.pubAck(packetId(first, packet));
            case 9 -> {
                int packetId = packetId(first, packet);
                listener.subAck(packetId, packet.readUnsignedByte());
            }
            default -> listener.pingResp();
        }
    }

    private void connAck(int flags, int code) throws UpstreamException {
        if (flags > 1 || code > 5) {
            throw violation("a CONNACK with flags " + flags + " and code " + code);
        }
        listener = listener.connAck(code);
    }

    private void publish(boolean acknowledged, ByteBuf packet) throws UpstreamException {
        int idLength = acknowledged ? 2 : 0;
        int topicLength = packet.readUnsignedShort();
        if (topicLength == 0 || topicLength + idLength > packet.readableBytes()) {
            throw violation("a PUBLISH with a topic of " + topicLength + " bytes in a packet of "
                    + (2 + packet.readableBytes()));
        }
        if (!ByteBufUtil.isText(packet, packet.readerIndex(), topicLength, UTF_8)) {
            throw violation("a PUBLISH with a topic that is not UTF-8");
        }
        String topic = packet.readCharSequence(topicLength, UTF_8).toString();
        if (topic.indexOf('\0') >= 0 || topic.indexOf('#') >= 0 || topic.indexOf('+') >= 0) {
            throw violation("a PUBLISH with a NUL or a wildcard in its topic");
        }
        listener.publish(topic, acknowledged ? packetId(0x30, packet) : 0, packet);
    }

    private int packetId(int first, ByteBuf packet) throws UpstreamException {
        int packetId = packet.readUnsignedShort();
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
