// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.Telemetry;
import io.upstream.frame.WriteBatch;
import org.jspecify.annotations.Nullable;

/**
 * A message that does not fit one frame, or a batch, or what is left of it while the session's window is shut. Its payload is linked, not
 * copied, unless it has to wait: its sender may be told in the meantime that it was too late, and may change it.
 */
final class LargeTransfer {
    private static final byte[] NO_SECTIONS = {};

    private final int deliveryId;
    private final Form form;
    private final byte[] sections;

    /** What comes between the sections and the payload, the first byte in the highest bits. */
    private final long dataHead;

    /** How long both are together, and how much of that is written. */
    private final int headLength;

    private int headWritten;
    private ByteBuf payload;
    private Payload whose;
    private Progress progress = Progress.NOTHING_WRITTEN;

    private enum Form {
        MESSAGE(FrameWriter.TRANSFER_HEAD),
        BATCH(FrameWriter.BATCH_HEAD);

        private final int transferHead;

        Form(int transferHead) {
            this.transferHead = transferHead;
        }
    }

    private enum Progress {
        NOTHING_WRITTEN,
        BEGUN
    }

    private enum Payload {
        BORROWED,
        OWNED
    }

    /**
     * Starts with the first byte.
     *
     * @param sections never changed
     * @param data borrowed until it is written, or {@link #own} is called; null for none
     */
    LargeTransfer(int deliveryId, byte[] sections, @Nullable Telemetry data) {
        this.deliveryId = deliveryId;
        this.sections = sections;
        form = Form.MESSAGE;
        whose = Payload.BORROWED;
        headLength = sections.length + (data == null ? 0 : FrameWriter.dataHeadLength(data.size()));
        dataHead = data == null ? 0 : FrameWriter.dataHead(data.size());
        payload = data == null ? Unpooled.EMPTY_BUFFER : WriteBatch.wrap(data);
    }

    private LargeTransfer(int deliveryId, ByteBuf batch) {
        this.deliveryId = deliveryId;
        sections = NO_SECTIONS;
        form = Form.BATCH;
        whose = Payload.OWNED;
        headLength = 0;
        dataHead = 0;
        payload = batch;
    }

    /** Several messages, encoded as one: takes them. */
    static LargeTransfer batch(int deliveryId, ByteBuf messages) {
        return new LargeTransfer(deliveryId, messages);
    }

    /** Writes one more frame; whether it was the last. */
    boolean writeNext(FrameWriter frames, int channel, int handle) {
        boolean first = progress == Progress.NOTHING_WRITTEN;
        progress = Progress.BEGUN;
        int most = frames.maxFrameSize() - (first ? form.transferHead + 1 : FrameWriter.CONTINUATION_HEAD);
        int headLeft = headLength - headWritten;
        long left = (long) headLeft + payload.readableBytes();
        int size = (int) Math.min(most, left);
        int fromHead = Math.min(size, headLeft);
        int fromPayload = size - fromHead;
        boolean linked = fromPayload >= WriteBatch.LINK_FROM;
        int room = linked ? fromHead : size;
        boolean more = left > size;
        ByteBuf out = first
                ? begin(frames, room, size, channel, handle, more)
                : frames.continuation(room, size, channel, handle, more);
        writeHead(out, fromHead);
        if (linked) {
            frames.batch().link(payload.readRetainedSlice(fromPayload));
        } else {
            out.writeBytes(payload, fromPayload);
        }
        return !more;
    }

    private ByteBuf begin(FrameWriter frames, int room, int size, int channel, int handle, boolean more) {
        return form == Form.BATCH
                ? frames.batchTransfer(room, size, channel, handle, deliveryId, more)
                : frames.transfer(room, size, channel, handle, deliveryId, more);
    }

    private void writeHead(ByteBuf out, int length) {
        int end = headWritten + length;
        if (headWritten < sections.length) {
            int ofSections = Math.min(length, sections.length - headWritten);
            out.writeBytes(sections, headWritten, ofSections);
            headWritten += ofSections;
        }
        for (; headWritten < end; headWritten++) {
            out.writeByte((int) (dataHead >>> (56 - 8 * (headWritten - sections.length))));
        }
    }

    /** From now on the payload that was given is not read any more. */
    void own() {
        if (whose == Payload.BORROWED) {
            whose = Payload.OWNED;
            ByteBuf copy = Unpooled.copiedBuffer(payload);
            payload.release();
            payload = copy;
        }
    }

    void release() {
        payload.release();
    }
}
