// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.handler.codec.mqtt.MqttMessage;
import io.netty.handler.codec.mqtt.MqttMessageBuilders;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.frame.WriteBatch;
import java.nio.ByteBuffer;
import java.util.function.Consumer;

/** Everything that leaves, in one order: frames of {@link MqttFrameWriter} and the packets of Netty's codec. Confined to the event loop. */
final class PacketWriter {
    private final Channel channel;
    private final WriteBatch batch;
    private final MqttFrameWriter frames;
    private final ChannelFutureListener onWritten;
    private State state = State.CLEAN;

    private enum State {
        CLEAN,
        /** Something is written and not flushed. */
        DIRTY
    }

    /**
     * Writes nothing yet.
     *
     * @param failed is told why something could not be written: then a part of the stream is missing and the connection is of no more use
     */
    PacketWriter(Channel channel, PublishEncoder encoder, Consumer<Throwable> failed) {
        this.channel = channel;
        this.batch = new WriteBatch(channel.alloc(), this::write);
        this.frames = new MqttFrameWriter(encoder, batch);
        this.onWritten = written -> {
            if (!written.isSuccess()) {
                failed.accept(written.cause());
            }
        };
    }

    boolean isWritable() {
        return channel.isWritable();
    }

    /** As {@link MqttFrameWriter#publish}. */
    void publish(Telemetry message, int packetId, boolean duplicate) throws UpstreamException {
        frames.publish(message, packetId, duplicate);
    }

    void pubAck(int packetId) {
        frames.pubAck(packetId);
    }

    /** Adds a PUBLISH of QoS 0 that is sent seldom. Borrows {@code payload} until it is sent. */
    ChannelFuture publish(String topic, ByteBuffer payload) {
        return packet(MqttMessageBuilders.publish()
                .topicName(topic)
                .qos(MqttQoS.AT_MOST_ONCE)
                .payload(Unpooled.wrappedBuffer(payload))
                .build());
    }

    /** Adds a packet that is sent seldom. */
    ChannelFuture packet(MqttMessage packet) {
        batch.handOver();
        return write(packet);
    }

    /**
     * Sends all that was written since the last time.
     *
     * @return whether there was anything
     */
    boolean flush() {
        batch.handOver();
        if (state == State.CLEAN) {
            return false;
        }
        state = State.CLEAN;
        channel.flush();
        return true;
    }

    /** Forgets what is collected; for the end of a connection. */
    void discard() {
        batch.discard();
    }

    private ChannelFuture write(Object part) {
        state = State.DIRTY;
        return channel.write(part).addListener(onWritten);
    }
}
