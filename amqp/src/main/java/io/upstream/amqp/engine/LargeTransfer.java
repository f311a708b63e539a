// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.upstream.frame.WriteBatch;

/** A message that does not fit one frame, or what is left of it while the session's window is shut. Its payload is linked, not copied. */
final class LargeTransfer {
    private final int deliveryId;
    private final ByteBuf head;
    private final ByteBuf payload;
    private Progress progress = Progress.NOTHING_WRITTEN;

    private enum Progress {
        NOTHING_WRITTEN,
        BEGUN
    }

    /**
     * Takes both buffers.
     *
     * @param head all that comes before the payload
     */
    LargeTransfer(int deliveryId, ByteBuf head, ByteBuf payload) {
        this.deliveryId = deliveryId;
        this.head = head;
        this.payload = payload;
    }

    /** Writes one more frame; whether it was the last. */
    boolean writeNext(FrameWriter frames, int channel, int handle) {
        boolean first = progress == Progress.NOTHING_WRITTEN;
        progress = Progress.BEGUN;
        int most = frames.maxFrameSize() - (first ? FrameWriter.TRANSFER_HEAD + 1 : FrameWriter.CONTINUATION_HEAD);
        long left = (long) head.readableBytes() + payload.readableBytes();
        int size = (int) Math.min(most, left);
        int fromHead = Math.min(size, head.readableBytes());
        int fromPayload = size - fromHead;
        boolean linked = fromPayload >= WriteBatch.LINK_FROM;
        int room = linked ? fromHead : size;
        boolean more = left > size;
        ByteBuf out = first
                ? frames.transfer(room, size, channel, handle, deliveryId, more)
                : frames.continuation(room, size, channel, handle, more);
        out.writeBytes(head, fromHead);
        if (linked) {
            frames.batch().link(payload.readRetainedSlice(fromPayload));
        } else {
            out.writeBytes(payload, fromPayload);
        }
        return !more;
    }

    void release() {
        head.release();
        payload.release();
    }
}
