// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.upstream.Telemetry;
import io.upstream.frame.WriteBatch;
import java.util.function.Consumer;

/**
 * The engine's writing of transfer frames, without what goes on around it in {@link EngineSender#send}: credit, delivery ids, windows, and the
 * ring of what the peer has not answered.
 */
public final class TransferFrames {
    private final WriteBatch batch;
    private final FrameWriter frames;

    /** @param wire takes what is written */
    public TransferFrames(ByteBufAllocator buffers, Consumer<ByteBuf> wire) {
        batch = new WriteBatch(buffers, wire);
        frames = new FrameWriter(batch);
    }

    /** Writes one message in one frame, however long. */
    public void write(int deliveryId, byte[] sections, Telemetry message) {
        frames.message(0, 0, deliveryId, (int) EngineSender.size(sections, message), sections, message);
    }

    /** An event loop's turn ends. */
    public void endTurn() {
        batch.handOver();
    }
}
