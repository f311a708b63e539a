// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Collects outgoing frames in as few buffers as possible: heads and small payloads one behind the other in a pooled buffer, larger
 * payloads as buffers of their own, not copied. Confined to the event loop.
 */
final class MqttFrameWriter {
    /** Up to here copying a payload is cheaper than another buffer on the way through TLS. */
    static final int COPY_LIMIT = 4_096;

    /** One TLS record. */
    private static final int CHUNK = 16_384;

    private final PublishEncoder encoder;
    private final ByteBufAllocator allocator;
    private final Consumer<ByteBuf> next;
    private @Nullable ByteBuf open;

    /**
     * Writes nothing yet.
     *
     * @param next takes each finished buffer
     */
    MqttFrameWriter(PublishEncoder encoder, ByteBufAllocator allocator, Consumer<ByteBuf> next) {
        this.encoder = encoder;
        this.allocator = allocator;
        this.next = next;
    }

    /**
     * Adds a PUBLISH. Borrows the payload: a large one until the bytes are through TLS, which is within the same flush.
     *
     * @throws UpstreamException {@link io.upstream.MessageException} for this message alone; nothing of it is written
     */
    void publish(Telemetry message, int packetId) throws UpstreamException {
        ByteBuf out = room();
        encoder.encodeHead(message, packetId, out);
        ByteBuffer payload = message.payload();
        if (payload.remaining() <= COPY_LIMIT) {
            out.writeBytes(payload);
            handOverWhenFull(out);
        } else {
            handOver();
            next.accept(Unpooled.wrappedBuffer(payload));
        }
    }

    /** Adds a PUBACK. */
    void pubAck(int packetId) {
        ByteBuf out = room();
        out.writeShort(0x4002).writeShort(packetId);
        handOverWhenFull(out);
    }

    /** Hands over what is collected: before any other packet is written, and at the end of each turn. */
    void handOver() {
        ByteBuf done = open;
        if (done != null) {
            open = null;
            if (done.isReadable()) {
                next.accept(done);
            } else {
                done.release();
            }
        }
    }

    /** Forgets what is collected. */
    void discard() {
        if (open != null) {
            open.release();
            open = null;
        }
    }

    private ByteBuf room() {
        ByteBuf out = open;
        if (out == null) {
            out = allocator.buffer(CHUNK);
            open = out;
        }
        return out;
    }

    private void handOverWhenFull(ByteBuf out) {
        if (out.readableBytes() > CHUNK - COPY_LIMIT / 2) {
            handOver();
        }
    }
}
