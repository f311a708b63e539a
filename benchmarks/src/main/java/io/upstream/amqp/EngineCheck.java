// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.codec.AMQPDefinedTypes;
import org.apache.qpid.proton.codec.DecoderImpl;
import org.apache.qpid.proton.codec.EncoderImpl;
import org.apache.qpid.proton.codec.ReadableBuffer;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.netty.Netty4ProtonBufferAllocator;
import org.apache.qpid.protonj2.codec.CodecFactory;
import org.apache.qpid.protonj2.codec.DecoderState;
import org.apache.qpid.protonj2.types.transport.Disposition;
import org.apache.qpid.protonj2.types.transport.Transfer;

/** Reads what an engine wrote with another library's decoder, and compares it with what was asked for. */
final class EngineCheck {
    private final Engines candidate;
    private final ByteArrayOutputStream message = new ByteArrayOutputStream();
    private int found;

    private EngineCheck(Engines candidate) {
        this.candidate = candidate;
    }

    /**
     * Requires transfers of the messages 0 to {@code count} - 1, in any number of frames.
     *
     * @param expected each of them, as proton-j encodes it
     */
    static void requireTransfers(Engines candidate, byte[] written, byte[] expected, int count) {
        EngineCheck check = new EngineCheck(candidate);
        ByteBuf in = Unpooled.wrappedBuffer(written);
        while (in.isReadable()) {
            check.transfer(frame(in), expected);
        }
        check.requireFound(count);
    }

    /** Requires that the messages 0 to {@code count} - 1 are accepted and settled in order, one by one or in ranges. */
    static void requireDispositions(Engines candidate, byte[] written, int count) {
        EngineCheck check = new EngineCheck(candidate);
        ByteBuf in = Unpooled.wrappedBuffer(written);
        while (in.isReadable()) {
            check.disposition(check.performative(frame(in)));
        }
        check.requireFound(count);
    }

    private static ByteBuf frame(ByteBuf in) {
        return in.readSlice(in.getInt(in.readerIndex())).skipBytes(AmqpSample.FRAME_HEADER);
    }

    private void transfer(ByteBuf frame, byte[] expected) {
        long id = -1;
        boolean more;
        Object performative = performative(frame);
        if (performative instanceof Transfer transfer) {
            id = transfer.hasDeliveryId() ? transfer.getDeliveryId() : id;
            more = transfer.getMore();
        } else if (performative instanceof org.apache.qpid.proton.amqp.transport.Transfer transfer) {
            id = transfer.getDeliveryId() == null
                    ? id
                    : transfer.getDeliveryId().longValue();
            more = transfer.getMore();
        } else {
            throw new IllegalStateException(candidate + " wrote " + performative);
        }
        byte[] part = new byte[frame.readableBytes()];
        frame.readBytes(part);
        boolean first = message.size() == 0;
        message.writeBytes(part);
        if (first ? id != found : id != -1 && id != found) {
            throw new IllegalStateException(candidate + " wrote delivery id " + id + " for " + found);
        }
        if (!more) {
            if (!Arrays.equals(AmqpSample.encodedAgain(message.toByteArray()), expected)) {
                throw new IllegalStateException(candidate + " wrote another message for " + found);
            }
            message.reset();
            found++;
        }
    }

    private void disposition(Object performative) {
        long first;
        long last;
        boolean good;
        if (performative instanceof Disposition told) {
            first = told.getFirst();
            last = told.hasLast() ? told.getLast() : first;
            good = told.getSettled()
                    && told.getRole().getValue()
                    && String.valueOf(told.getState()).contains("Accepted");
        } else if (performative instanceof org.apache.qpid.proton.amqp.transport.Disposition told) {
            first = told.getFirst().longValue();
            last = told.getLast() == null ? first : told.getLast().longValue();
            good = told.getSettled()
                    && told.getRole() == Role.RECEIVER
                    && String.valueOf(told.getState()).contains("Accepted");
        } else {
            throw new IllegalStateException(candidate + " wrote " + performative);
        }
        if (!good || first != found) {
            throw new IllegalStateException(candidate + " wrote " + performative + " for " + found);
        }
        found = (int) last + 1;
    }

    private void requireFound(int count) {
        if (found != count) {
            throw new IllegalStateException(candidate + " wrote " + found + " messages, not " + count);
        }
    }

    /** Reads the frame's body by ProtonJ2, or by proton-j where ProtonJ2 wrote it. Leaves the payload. */
    private Object performative(ByteBuf frame) {
        if (candidate == Engines.PROTONJ2) {
            DecoderImpl decoder = new DecoderImpl();
            AMQPDefinedTypes.registerAllTypes(decoder, new EncoderImpl(decoder));
            ByteBuffer bytes = frame.nioBuffer();
            decoder.setBuffer(ReadableBuffer.ByteBufferReader.wrap(bytes));
            Object performative = decoder.readObject();
            frame.skipBytes(bytes.position());
            return performative;
        }
        DecoderState state = CodecFactory.getDefaultDecoder().newDecoderState();
        ProtonBuffer bytes = ((Netty4ProtonBufferAllocator) Netty4ProtonBufferAllocator.POOLED).wrap(frame);
        int before = bytes.getReadableBytes();
        Object performative = CodecFactory.getDefaultDecoder().readObject(bytes, state);
        frame.readerIndex(frame.writerIndex() - before).skipBytes(before - bytes.getReadableBytes());
        return performative;
    }
}
