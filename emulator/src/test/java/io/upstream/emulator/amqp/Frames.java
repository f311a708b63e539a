// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.apache.qpid.proton.codec.AMQPDefinedTypes;
import org.apache.qpid.proton.codec.DecoderImpl;
import org.apache.qpid.proton.codec.EncoderImpl;

/** What came over the wire: protocol headers and performatives in order. */
final class Frames {
    /** @param body the performative, null for an empty frame */
    record Frame(int type, int channel, Object body) {}

    private Frames() {}

    @SuppressWarnings("NullAway") // an empty frame has no body
    static List<Frame> of(byte[] bytes) {
        DecoderImpl decoder = new DecoderImpl();
        AMQPDefinedTypes.registerAllTypes(decoder, new EncoderImpl(decoder));
        List<Frame> frames = new ArrayList<>();
        ByteBuffer in = ByteBuffer.wrap(bytes);
        while (in.hasRemaining()) {
            int size = in.getInt(in.position());
            if (size == 0x414d5150) { // "AMQP"
                in.position(in.position() + 8);
                continue;
            }
            ByteBuffer frame = in.slice(in.position(), size);
            in.position(in.position() + size);
            int offset = frame.get(4) * 4;
            decoder.setByteBuffer(frame.slice(offset, size - offset));
            Object body = size == offset ? null : decoder.readObject();
            frames.add(new Frame(frame.get(5), frame.getShort(6), body));
        }
        return frames;
    }

    static <T> T first(byte[] bytes, Class<T> type) {
        return of(bytes).stream()
                .map(Frame::body)
                .filter(type::isInstance)
                .map(type::cast)
                .findFirst()
                .orElseThrow();
    }

    static <T> List<T> all(byte[] bytes, Class<T> type) {
        return of(bytes).stream()
                .map(Frame::body)
                .filter(type::isInstance)
                .map(type::cast)
                .toList();
    }
}
