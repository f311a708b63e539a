// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.upstream.CloudMessage;
import io.upstream.SystemProperty;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.ReceiverEvents;
import io.upstream.benchmarks.codec.Wire;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.function.Consumer;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.codec.AMQPDefinedTypes;
import org.apache.qpid.proton.codec.DecoderImpl;
import org.apache.qpid.proton.codec.EncoderImpl;
import org.apache.qpid.proton.codec.ReadableBuffer;
import org.apache.qpid.proton.message.Message;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.netty.Netty4ProtonBufferAllocator;
import org.apache.qpid.protonj2.codec.CodecFactory;
import org.apache.qpid.protonj2.codec.Decoder;
import org.apache.qpid.protonj2.codec.DecoderState;
import org.apache.qpid.protonj2.types.messaging.ApplicationProperties;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.jspecify.annotations.Nullable;

/** Who decodes transfer frames with whole messages in them. */
public enum TransferDecoders {
    /** What the application's handler is given: the payload at once, properties if it asks. */
    UPSTREAM,
    /** As {@link #UPSTREAM}, and the application goes through all properties. */
    UPSTREAM_READ_ALL,
    PROTON_J,
    PROTONJ2,
    /** The floor: from one frame's length to the next. */
    LIMIT;

    Candidate make(MessageSink sink) {
        return switch (this) {
            case UPSTREAM -> new Upstream(sink, message -> {});
            case UPSTREAM_READ_ALL -> new Upstream(sink, message -> readAll(message, sink));
            case PROTON_J -> new ProtonJ(sink);
            case PROTONJ2 -> new ProtonJ2(sink);
            case LIMIT -> new Limit(sink);
        };
    }

    /** The longest frame in which to send it messages of {@code length} bytes: one for each, but for the engine that takes no such frames. */
    int maxFrameSize(int length) {
        return this == UPSTREAM || this == UPSTREAM_READ_ALL ? PeerScript.MAX_FRAME_SIZE : length + AmqpSample.OVERHEAD;
    }

    private static void readAll(CloudMessage message, MessageSink sink) {
        message.system().forEach((name, value) -> sink.add(value.length()));
        message.properties().forEach((name, value) -> sink.add(name.length() + value.length()));
    }

    /** Reads what a socket gives. */
    interface Candidate {
        /** Takes the buffer, which holds whole frames. */
        void read(ByteBuf in);
    }

    /**
     * The whole engine's way in, up to the message that the application's handler is given. With it go the session's windows and the
     * link's credit; nothing is settled.
     */
    private static final class Upstream implements Candidate, ReceiverEvents {
        private final UpstreamEngine engine = new UpstreamEngine(new Wire());
        private final MessageSink sink;
        private final Consumer<CloudMessage> application;

        Upstream(MessageSink sink, Consumer<CloudMessage> application) {
            this.sink = sink;
            this.application = application;
            engine.receiver(this);
        }

        @Override
        public void read(ByteBuf in) {
            engine.feed(in);
            engine.flush();
        }

        @Override
        public void delivered(long delivery, MessageBytes sections) {
            CloudMessage message;
            try {
                message = CloudMessages.read(sections);
            } catch (MalformedMessageException e) {
                throw new IllegalStateException(e);
            }
            sink.message(delivery, message);
            sink.add(message.payload().get(0));
            application.accept(message);
            if (sink.checks()) {
                sink.check(
                        delivery,
                        message.system().get(SystemProperty.MESSAGE_ID),
                        message.system().get(SystemProperty.CONTENT_TYPE),
                        message.properties(),
                        ByteBufUtil.getBytes(Unpooled.wrappedBuffer(message.payload())));
            }
        }

        @Override
        public void attached() {}

        @Override
        public void detached(@Nullable PeerError error) {
            throw new IllegalStateException("detached: " + error);
        }
    }

    /** As its transport does, a frame is copied from the socket's buffer into an array of its own first. */
    private static final class ProtonJ implements Candidate {
        private static final int LARGEST = 1 << 20;
        private final MessageSink sink;
        private final DecoderImpl decoder = new DecoderImpl();
        private final ByteBuffer input = ByteBuffer.allocate(LARGEST);
        private final ReadableBuffer readable = ReadableBuffer.ByteBufferReader.wrap(input);

        ProtonJ(MessageSink sink) {
            this.sink = sink;
            AMQPDefinedTypes.registerAllTypes(decoder, new EncoderImpl(decoder));
            decoder.setBuffer(readable);
        }

        /** Leaves {@link #input} at the message. */
        private Transfer transfer(ByteBuf in) {
            int length = in.getInt(in.readerIndex());
            input.clear().limit(length);
            in.readBytes(input);
            input.position(AmqpSample.FRAME_HEADER);
            return (Transfer) decoder.readObject();
        }

        @Override
        public void read(ByteBuf in) {
            while (in.isReadable()) {
                Transfer transfer = transfer(in);
                Message message = Proton.message();
                message.decode(readable);
                Data body = (Data) message.getBody();
                long delivery = transfer.getDeliveryId().longValue();
                sink.message(delivery, message);
                sink.add(body.getValue().getLength());
                if (sink.checks()) {
                    sink.check(
                            delivery,
                            message.getMessageId(),
                            message.getContentType(),
                            message.getApplicationProperties().getValue(),
                            bytes(body));
                }
            }
            in.release();
        }

        private static byte[] bytes(Data body) {
            byte[] bytes = new byte[body.getValue().getLength()];
            body.getValue().asByteBuffer().get(bytes);
            return bytes;
        }
    }

    private static final class ProtonJ2 implements Candidate {
        private static final Netty4ProtonBufferAllocator BUFFERS =
                (Netty4ProtonBufferAllocator) Netty4ProtonBufferAllocator.POOLED;
        private static final org.apache.qpid.protonj2.types.messaging.Data NOTHING =
                new org.apache.qpid.protonj2.types.messaging.Data(new byte[0]);
        private final MessageSink sink;
        private final Decoder decoder = CodecFactory.getDefaultDecoder();
        private final DecoderState state = decoder.newDecoderState();

        ProtonJ2(MessageSink sink) {
            this.sink = sink;
        }

        @Override
        public void read(ByteBuf in) {
            while (in.isReadable()) {
                int length = in.getInt(in.readerIndex());
                try (ProtonBuffer frame = BUFFERS.wrap(in.readRetainedSlice(length))) {
                    frame.advanceReadOffset(AmqpSample.FRAME_HEADER);
                    message(frame);
                }
            }
            in.release();
        }

        private void message(ProtonBuffer frame) {
            org.apache.qpid.protonj2.types.transport.Transfer transfer =
                    decoder.readObject(frame, state, org.apache.qpid.protonj2.types.transport.Transfer.class);
            Object messageId = "";
            String contentType = "";
            Map<?, ?> application = Map.of();
            org.apache.qpid.protonj2.types.messaging.Data body = NOTHING;
            while (frame.isReadable()) {
                Object section = decoder.readObject(frame, state);
                if (section instanceof Properties properties) {
                    messageId = properties.getMessageId();
                    contentType = properties.getContentType();
                } else if (section instanceof ApplicationProperties properties) {
                    application = properties.getValue();
                } else if (section instanceof org.apache.qpid.protonj2.types.messaging.Data data) {
                    body = data;
                }
            }
            state.reset();
            sink.message(transfer.getDeliveryId(), body);
            sink.add(messageId.hashCode() + contentType.length() + application.size());
            if (sink.checks()) {
                sink.check(transfer.getDeliveryId(), messageId, contentType, application, body.getValue());
            }
        }
    }

    private static final class Limit implements Candidate {
        private final MessageSink sink;

        Limit(MessageSink sink) {
            this.sink = sink;
        }

        @Override
        public void read(ByteBuf in) {
            while (in.isReadable()) {
                int length = in.getInt(in.readerIndex());
                sink.message(in.getInt(in.readerIndex() + length - 4), this);
                in.skipBytes(length);
            }
            in.release();
        }
    }
}
