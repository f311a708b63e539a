// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.upstream.Telemetry;
import io.upstream.frame.WriteBatch;
import java.util.function.Consumer;

/** The engine's reading and writing of transfer frames, without the engine. */
public final class TransferFrames {
    private static final int HEADER = 8;

    private final WriteBatch batch;
    private final FrameWriter frames;
    private final Fields fields = new Fields();

    /** @param wire takes what is written */
    public TransferFrames(ByteBufAllocator buffers, Consumer<ByteBuf> wire) {
        batch = new WriteBatch(buffers, wire);
        frames = new FrameWriter(batch);
    }

    /** Is told what was read. */
    public interface Sink {
        /** Borrows the encoded sections. */
        void transfer(long deliveryId, ByteBuf sections);
    }

    /** Writes one message in one frame, however long. */
    public void write(int deliveryId, byte[] sections, Telemetry message) {
        frames.message(0, 0, deliveryId, (int) EngineSender.size(sections, message), sections, message);
    }

    /** An event loop's turn ends. */
    public void endTurn() {
        batch.handOver();
    }

    /** Reads whole frames of one message each. Borrows. */
    public void read(ByteBuf in, Sink sink) {
        while (in.isReadable()) {
            int start = in.readerIndex();
            int end = start + in.getInt(start);
            fields.open(in, start + HEADER, end);
            fields.requiredUint("a handle");
            long deliveryId = fields.uint();
            fields.binary(); // delivery-tag
            fields.skip(); // message-format
            fields.bool(); // settled
            fields.bool(); // more
            sink.transfer(deliveryId, in.slice(fields.end(), end - fields.end()));
            in.readerIndex(end);
        }
    }
}
