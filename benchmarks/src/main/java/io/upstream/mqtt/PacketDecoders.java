// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import com.hivemq.client.internal.mqtt.message.publish.MqttStatefulPublish;
import com.hivemq.client.internal.mqtt.message.publish.puback.MqttPubAck;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttDecoder;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageIdVariableHeader;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.upstream.UpstreamException.Where;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** Who decodes, in the benchmarks of reading. */
public enum PacketDecoders {
    /** A view that is good during the call. */
    UPSTREAM,
    /** What an application that keeps messages has: the topic's text and the retained payload, as all peers give them. */
    UPSTREAM_KEPT,
    HIVEMQ,
    HIVEMQ_HANDLER,
    NETTY,
    NETTY_HANDLER,
    /** The floor: from one frame's length to the next, and a copy of what is cut. */
    LIMIT;

    Candidate make(PacketSink sink) {
        return switch (this) {
            case UPSTREAM -> new Upstream(message -> sink.publish(message, message.packetId(), message), sink);
            case UPSTREAM_KEPT -> new Upstream(message -> keep(message, sink), sink);
            case HIVEMQ -> new Hive(sink);
            case HIVEMQ_HANDLER -> new Handler(HiveMq.decoder(), sink);
            case NETTY -> new Netty(sink);
            case NETTY_HANDLER -> new Handler(new MqttDecoder(NettyMqtt.LARGEST), sink);
            case LIMIT -> new Limit(sink);
        };
    }

    private static void keep(PublishView message, PacketSink sink) {
        ByteBuf payload = message.payload().retain();
        sink.publish(message.topic(0), message.packetId(), payload);
        payload.release();
    }

    /** Reads what a socket gives. */
    interface Candidate {
        /** Takes the buffer. */
        void read(ByteBuf in);

        /** Whether a packet may be cut by the end of a buffer. */
        default boolean joins() {
            return true;
        }
    }

    /** A decoder as a channel's handler, with what it passes on told to the sink. */
    private static final class Handler implements Candidate {
        private final EmbeddedChannel channel;

        Handler(io.netty.channel.ChannelHandler decoder, PacketSink sink) {
            channel = new EmbeddedChannel(decoder, new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext ctx, Object msg) {
                    tell(sink, msg);
                }
            });
        }

        @Override
        public void read(ByteBuf in) {
            channel.pipeline().fireChannelRead(in).fireChannelReadComplete();
        }
    }

    private static void tell(PacketSink sink, Object msg) {
        if (msg instanceof MqttPublishMessage publish) {
            sink.publish(
                    publish.variableHeader().topicName(),
                    publish.variableHeader().packetId(),
                    publish.payload());
            publish.release();
        } else if (msg instanceof MqttStatefulPublish publish) {
            ByteBuffer payload = publish.stateless().getRawPayload();
            sink.publish(
                    publish.stateless().getTopic(),
                    publish.getPacketIdentifier(),
                    payload == null ? Unpooled.EMPTY_BUFFER : payload);
        } else if (msg instanceof MqttPubAck ack) {
            sink.pubAck(ack.getPacketIdentifier());
        } else if (msg instanceof MqttMessage message
                && message.variableHeader() instanceof MqttMessageIdVariableHeader header) {
            sink.pubAck(header.messageId());
        } else {
            throw new IllegalStateException("decoded " + msg);
        }
    }

    private static final class Hive implements Candidate {
        private final HiveMq codec = new HiveMq();
        private final ChannelHandlerContext ctx =
                new EmbeddedChannel(HiveMq.decoder()).pipeline().firstContext();
        private final List<Object> out = new ArrayList<>();
        private final PacketSink sink;

        Hive(PacketSink sink) {
            this.sink = sink;
        }

        @Override
        public void read(ByteBuf in) {
            while (in.isReadable()) {
                codec.decode(ctx, in, out);
                tell(sink, out.get(0));
                out.clear();
            }
            in.release();
        }

        @Override
        public boolean joins() {
            return false;
        }
    }

    private static final class Netty implements Candidate {
        private final MqttDecoder decoder = new MqttDecoder(NettyMqtt.LARGEST);
        private final ChannelHandlerContext ctx =
                new EmbeddedChannel(decoder).pipeline().firstContext();
        private final List<Object> out = new ArrayList<>();
        private final PacketSink sink;

        Netty(PacketSink sink) {
            this.sink = sink;
        }

        @Override
        public void read(ByteBuf in) {
            while (in.isReadable()) {
                NettyMqtt.decode(decoder, ctx, in, out);
                tell(sink, out.get(0));
                out.clear();
            }
            in.release();
        }

        @Override
        public boolean joins() {
            return false;
        }
    }

    private static final class Upstream implements Candidate {
        private final EmbeddedChannel channel;

        Upstream(Consumer<PublishView> publishes, PacketSink sink) {
            CloudTopic topic = new CloudTopic("devices/device-1/messages/events/"); // what all packets here begin with
            channel = new EmbeddedChannel();
            MqttFrameReader reader = new MqttFrameReader(channel, Where.here("benchmark"), topic, new PacketListener() {
                @Override
                public PacketListener connAck(int code, boolean sessionPresent) {
                    throw new IllegalStateException("CONNACK");
                }

                @Override
                public void publish(PublishView message) {
                    publishes.accept(message);
                }

                @Override
                public void pubAck(int packetId) {
                    sink.pubAck(packetId);
                }

                @Override
                public void subAck(int packetId, int code) {
                    throw new IllegalStateException("SUBACK");
                }

                @Override
                public void pingResp() {
                    throw new IllegalStateException("PINGRESP");
                }
            });
            channel.pipeline().addLast(reader);
        }

        @Override
        public void read(ByteBuf in) {
            channel.pipeline().fireChannelRead(in).fireChannelReadComplete();
        }
    }

    /** No decoder: it looks at nothing but lengths, and gives the same topic and payload each time. */
    private static final class Limit implements Candidate {
        private final PacketSink sink;
        private final ByteBuf frame = Unpooled.directBuffer(NettyMqtt.LARGEST);
        private int missing;

        Limit(PacketSink sink) {
            this.sink = sink;
        }

        @Override
        public void read(ByteBuf in) {
            while (in.isReadable()) {
                int length = missing > 0 ? Integer.MAX_VALUE : frameLength(in);
                if (length <= in.readableBytes()) {
                    sink.pubAck(in.getUnsignedShort(in.readerIndex() + length - 2));
                    in.skipBytes(length);
                } else {
                    join(in, length);
                }
            }
            in.release();
        }

        private void join(ByteBuf in, int length) {
            if (missing == 0) {
                missing = length;
                frame.clear();
            }
            int more = Math.min(missing, in.readableBytes());
            frame.writeBytes(in, more);
            missing -= more;
            if (missing == 0) {
                sink.pubAck(frame.getUnsignedShort(frame.writerIndex() - 2));
            }
        }

        /** A header that is cut counts as a frame of what is there, which makes no difference to a floor. */
        private static int frameLength(ByteBuf in) {
            int length = 0;
            for (int i = 1; i < 5 && i < in.readableBytes(); i++) {
                int octet = in.getByte(in.readerIndex() + i);
                length |= (octet & 0x7F) << (7 * (i - 1));
                if (octet >= 0) {
                    return 1 + i + length;
                }
            }
            return in.readableBytes();
        }
    }
}
