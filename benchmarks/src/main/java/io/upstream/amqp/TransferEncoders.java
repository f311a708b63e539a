// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.upstream.Telemetry;
import io.upstream.amqp.engine.TransferFrames;
import io.upstream.benchmarks.codec.Wire;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.codec.EncoderImpl;
import org.apache.qpid.proton.codec.WritableBuffer;
import org.apache.qpid.protonj2.buffer.netty.Netty4ProtonBufferAllocator;
import org.apache.qpid.protonj2.buffer.netty.Netty4ToProtonBufferAdapter;
import org.apache.qpid.protonj2.codec.CodecFactory;
import org.apache.qpid.protonj2.codec.Encoder;
import org.apache.qpid.protonj2.codec.EncoderState;
import org.apache.qpid.protonj2.types.messaging.ApplicationProperties;
import org.apache.qpid.protonj2.types.messaging.Data;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.apache.qpid.protonj2.types.transport.Transfer;

/** Who encodes a message as one transfer frame. */
public enum TransferEncoders {
    /** All messages have the same properties, whose encoding is kept. */
    UPSTREAM,
    /** Each message with property maps of its own, which say the same as those of others. */
    UPSTREAM_NEW_PROPERTIES,
    /** Each message with a correlation id of its own as well, so that nothing of an earlier one can be used again. */
    UPSTREAM_OTHER_PROPERTIES,
    PROTON_J,
    PROTONJ2,
    /** The floor for who copies: a prepared header and the payload into a buffer at hand. */
    LIMIT_COPY,
    /** The floor for who links: a prepared header copied, the payload passed on. */
    LIMIT_GATHER;

    private static final PooledByteBufAllocator BUFFERS = PooledByteBufAllocator.DEFAULT;

    Candidate make(byte[] payload, Wire wire) {
        return switch (this) {
            case UPSTREAM -> Upstream.sameProperties(payload, wire);
            case UPSTREAM_NEW_PROPERTIES -> Upstream.newProperties(i -> AmqpSample.telemetry(payload), wire);
            case UPSTREAM_OTHER_PROPERTIES ->
                Upstream.newProperties(i -> AmqpSample.telemetry(payload).correlationId("request " + i), wire);
            case PROTON_J -> new ProtonJ(payload, wire);
            case PROTONJ2 -> new ProtonJ2(payload, wire);
            case LIMIT_COPY -> new Copy(payload);
            case LIMIT_GATHER -> new Gather(payload, wire);
        };
    }

    /** Writes the one message of a benchmark again and again. */
    interface Candidate {
        void transfer(int deliveryId);

        /** An event loop's turn ends. */
        default void endTurn() {}
    }

    private static byte[] tag(int deliveryId) {
        return new byte[] {
            (byte) (deliveryId >> 24), (byte) (deliveryId >> 16), (byte) (deliveryId >> 8), (byte) deliveryId
        };
    }

    /** Writes transfers with proton-j's encoder into a buffer of Netty's, from where a frame begins. */
    private static final class Frames {
        private final EncoderImpl encoder = AmqpSample.encoder();

        /** Leaves room in {@code out} for {@code rest} bytes behind the transfer, and gives where they go. */
        WritableBuffer.ByteBufferWrapper begin(ByteBuf out, int deliveryId) {
            ByteBuffer bytes = out.nioBuffer(0, out.capacity());
            bytes.position(AmqpSample.FRAME_HEADER);
            WritableBuffer.ByteBufferWrapper writable = new WritableBuffer.ByteBufferWrapper(bytes);
            encoder.setByteBuffer(writable);
            encoder.writeObject(AmqpSample.transfer(deliveryId, new Binary(tag(deliveryId))));
            return writable;
        }

        static void end(ByteBuf out, int written, int length) {
            out.setInt(0, length).setInt(4, 0x02_00_00_00).writerIndex(written);
        }
    }

    /** The sections from the cache, and what the engine calls for a message that fits one frame. */
    private static final class Upstream implements Candidate {
        /** Many more than the cache has entries. */
        private static final int PROPERTY_SETS = 1_024;

        private final TransferFrames frames;
        private final SectionCache sections = new SectionCache();
        private final Supplier<Telemetry> messages;

        private Upstream(Wire wire, Supplier<Telemetry> messages) {
            this.messages = messages;
            frames = new TransferFrames(BUFFERS, wire);
        }

        static Upstream sameProperties(byte[] payload, Wire wire) {
            Telemetry template = AmqpSample.telemetry(payload);
            return new Upstream(wire, () -> template.withPayload(payload));
        }

        static Upstream newProperties(IntFunction<Telemetry> message, Wire wire) {
            Telemetry[] messages = new Telemetry[PROPERTY_SETS];
            Arrays.setAll(messages, message);
            int[] next = {0};
            return new Upstream(wire, () -> messages[next[0]++ & (PROPERTY_SETS - 1)]);
        }

        @Override
        public void transfer(int deliveryId) {
            Telemetry message = messages.get();
            try {
                frames.write(deliveryId, sections.sections(message).encoded(), message);
            } catch (InvalidTelemetryException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void endTurn() {
            frames.endTurn();
        }
    }

    private static final class ProtonJ implements Candidate {
        private final Frames frames = new Frames();
        private final byte[] payload;
        private final Wire wire;

        ProtonJ(byte[] payload, Wire wire) {
            this.payload = payload;
            this.wire = wire;
        }

        @Override
        public void transfer(int deliveryId) {
            ByteBuf out = BUFFERS.directBuffer(payload.length + AmqpSample.OVERHEAD);
            WritableBuffer.ByteBufferWrapper writable = frames.begin(out, deliveryId);
            AmqpSample.message(payload).encode(writable);
            Frames.end(out, writable.position(), writable.position());
            wire.accept(out);
        }
    }

    private static final class ProtonJ2 implements Candidate {
        private static final Netty4ProtonBufferAllocator OUTPUT =
                (Netty4ProtonBufferAllocator) Netty4ProtonBufferAllocator.POOLED;
        private final Encoder encoder = CodecFactory.getDefaultEncoder();
        private final EncoderState state = encoder.newEncoderState();
        private final byte[] payload;
        private final Wire wire;

        ProtonJ2(byte[] payload, Wire wire) {
            this.payload = payload;
            this.wire = wire;
        }

        @Override
        public void transfer(int deliveryId) {
            Transfer transfer = new Transfer();
            transfer.setHandle(0);
            transfer.setDeliveryId(deliveryId);
            transfer.setDeliveryTag(tag(deliveryId));
            transfer.setMessageFormat(0);
            transfer.setSettled(false);
            Properties properties = new Properties();
            properties.setMessageId(AmqpSample.MESSAGE_ID);
            properties.setContentType(AmqpSample.CONTENT_TYPE);
            Netty4ToProtonBufferAdapter out = OUTPUT.outputBuffer(payload.length + AmqpSample.OVERHEAD);
            out.writeLong(0);
            encoder.writeObject(out, state, transfer);
            encoder.writeObject(out, state, properties);
            encoder.writeObject(out, state, new ApplicationProperties(AmqpSample.PROPERTIES));
            encoder.writeObject(out, state, new Data(payload));
            state.reset();
            out.setInt(0, out.getReadableBytes());
            out.setInt(4, 0x02_00_00_00);
            wire.accept(out.unwrapAndRelease());
        }
    }

    private static final class Copy implements Candidate {
        private final byte[] head = new byte[HEAD];
        private final byte[] payload;
        private final ByteBuf out;

        Copy(byte[] payload) {
            this.payload = payload;
            out = Unpooled.directBuffer(Math.max(16_384, HEAD + payload.length));
        }

        @Override
        public void transfer(int deliveryId) {
            if (out.writableBytes() < HEAD + payload.length) {
                out.clear();
            }
            out.writeBytes(head).writeBytes(payload);
        }
    }

    private static final class Gather implements Candidate {
        private final byte[] head = new byte[HEAD];
        private final ByteBuf payload;
        private final Wire wire;
        private final ByteBuf out = Unpooled.directBuffer(16_384);

        Gather(byte[] payload, Wire wire) {
            this.payload = Unpooled.wrappedBuffer(payload);
            this.wire = wire;
        }

        @Override
        public void transfer(int deliveryId) {
            if (out.writableBytes() < HEAD) {
                out.clear();
            }
            out.writeBytes(head);
            wire.accept(payload.retain());
        }
    }

    /** About what comes before the payload. */
    private static final int HEAD = 120;
}
