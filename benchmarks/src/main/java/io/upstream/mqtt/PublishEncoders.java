// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import com.hivemq.client.internal.mqtt.datatypes.MqttTopicImpl;
import com.hivemq.client.internal.mqtt.message.publish.MqttStatefulPublish;
import com.hivemq.client.internal.mqtt.message.publish.mqtt3.Mqtt3PublishView;
import com.hivemq.client.mqtt.datatypes.MqttQos;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.benchmarks.codec.Wire;
import io.upstream.frame.WriteBatch;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.function.Supplier;
import org.eclipse.paho.client.mqttv3.MqttException;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.paho.client.mqttv3.internal.wire.MqttPublish;

/** The candidates of {@link PublishEncodeBenchmark}. */
final class PublishEncoders {
    private PublishEncoders() {}

    /** Writes the one message of a benchmark again and again. */
    interface Candidate {
        void publish(int packetId);

        /** An event loop's turn ends. */
        default void endTurn() {}
    }

    static final class Upstream implements Candidate {
        private final WriteBatch batch;
        private final MqttFrameWriter writer;
        private final Supplier<Telemetry> messages;

        private Upstream(Wire wire, Supplier<Telemetry> messages) {
            CloudTopic cloud = new CloudTopic("devices/device-1/messages/devicebound/");
            Dialect dialect = new Dialect("devices/device-1/messages/events/", true, true, cloud);
            batch = new WriteBatch(PooledByteBufAllocator.DEFAULT, wire);
            writer = new MqttFrameWriter(new PublishEncoder(dialect), batch);
            this.messages = messages;
        }

        static Upstream sameProperties(byte[] payload, Wire wire) {
            Telemetry message = MqttSample.telemetry(payload);
            return new Upstream(wire, () -> message);
        }

        static Upstream newProperties(byte[] payload, Wire wire) {
            Telemetry[] messages = new Telemetry[1_024];
            for (int i = 0; i < messages.length; i++) {
                messages[i] = MqttSample.telemetry(payload);
            }
            int[] next = {0};
            return new Upstream(wire, () -> messages[next[0]++ & (messages.length - 1)]);
        }

        @Override
        public void publish(int packetId) {
            try {
                writer.publish(messages.get(), packetId, false);
            } catch (UpstreamException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void endTurn() {
            batch.handOver();
        }
    }

    static final class Hive implements Candidate {
        private final HiveMq codec = new HiveMq();
        private final byte[] payload;
        private final Wire wire;
        private final Supplier<MqttTopicImpl> topics;

        private Hive(byte[] payload, Wire wire, Supplier<MqttTopicImpl> topics) {
            this.payload = payload;
            this.wire = wire;
            this.topics = topics;
        }

        static Hive newTopic(byte[] payload, Wire wire) {
            return new Hive(payload, wire, () -> MqttTopicImpl.of(MqttSample.TOPIC));
        }

        static Hive sameTopic(byte[] payload, Wire wire) {
            MqttTopicImpl topic = MqttTopicImpl.of(MqttSample.TOPIC);
            return new Hive(payload, wire, () -> topic);
        }

        static MqttStatefulPublish message(MqttTopicImpl topic, byte[] payload, int packetId) {
            return Mqtt3PublishView.statefulDelegate(
                    Mqtt3PublishView.delegate(topic, ByteBuffer.wrap(payload), MqttQos.AT_LEAST_ONCE, false),
                    packetId,
                    false);
        }

        @Override
        public void publish(int packetId) {
            wire.accept(codec.encode(message(topics.get(), payload, packetId)));
        }
    }

    static final class HiveHandler implements Candidate {
        private final EmbeddedChannel channel;
        private final byte[] payload;

        HiveHandler(byte[] payload, Wire wire) {
            this.payload = payload;
            channel = new EmbeddedChannel(wire.handler(), HiveMq.encoder());
        }

        @Override
        public void publish(int packetId) {
            channel.write(Hive.message(MqttTopicImpl.of(MqttSample.TOPIC), payload, packetId));
        }

        @Override
        public void endTurn() {
            channel.flush();
        }
    }

    static final class Netty implements Candidate {
        private final ByteBuf payload;
        private final Wire wire;
        private final ChannelHandlerContext ctx;

        Netty(byte[] payload, Wire wire) {
            this.payload = Unpooled.wrappedBuffer(payload);
            this.wire = wire;
            ctx = new EmbeddedChannel(MqttEncoder.INSTANCE).pipeline().firstContext();
        }

        @Override
        public void publish(int packetId) {
            wire.accept(NettyMqtt.encode(ctx, NettyMqtt.publish(packetId, payload)));
        }
    }

    static final class NettyHandler implements Candidate {
        private final ByteBuf payload;
        private final EmbeddedChannel channel;

        NettyHandler(byte[] payload, Wire wire) {
            this.payload = Unpooled.wrappedBuffer(payload);
            channel = new EmbeddedChannel(wire.handler(), MqttEncoder.INSTANCE);
        }

        @Override
        public void publish(int packetId) {
            channel.write(NettyMqtt.publish(packetId, payload.retain()));
        }

        @Override
        public void endTurn() {
            channel.flush();
        }
    }

    /** As its sender thread writes: header and payload to a buffered stream, which is flushed. */
    static final class Paho implements Candidate {
        private final byte[] payload;
        private final BufferedOutputStream out;

        Paho(byte[] payload, Wire wire) {
            this.payload = payload;
            out = new BufferedOutputStream(wire.stream());
        }

        @Override
        public void publish(int packetId) {
            MqttPublish publish = new MqttPublish(MqttSample.TOPIC, new MqttMessage(payload));
            publish.setMessageId(packetId);
            try {
                byte[] header = publish.getHeader();
                byte[] body = publish.getPayload();
                out.write(header, 0, header.length);
                out.write(body, 0, body.length);
                out.flush();
            } catch (MqttException e) {
                throw new IllegalStateException(e);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static final class Copy implements Candidate {
        private static final int LEAST = 16_384;
        private final byte[] head = new byte[MqttSample.TOPIC.length() + 7];
        private final byte[] payload;
        private final ByteBuf out;

        Copy(byte[] payload) {
            this.payload = payload;
            out = Unpooled.directBuffer(Math.max(LEAST, head.length + payload.length));
        }

        @Override
        public void publish(int packetId) {
            if (out.writableBytes() < head.length + payload.length) {
                out.clear();
            }
            out.writeBytes(head).writeBytes(payload);
        }
    }

    static final class Gather implements Candidate {
        private final byte[] head = new byte[MqttSample.TOPIC.length() + 7];
        private final ByteBuf payload;
        private final Wire wire;
        private final ByteBuf out = Unpooled.directBuffer(16_384);

        Gather(byte[] payload, Wire wire) {
            this.payload = Unpooled.wrappedBuffer(payload);
            this.wire = wire;
        }

        @Override
        public void publish(int packetId) {
            if (out.writableBytes() < head.length) {
                out.clear();
            }
            out.writeBytes(head);
            wire.accept(payload.retain());
        }
    }
}
