// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.IllegalReferenceCountException;
import org.jspecify.annotations.Nullable;

/**
 * Builds the client's frames (RFC 6455 §5.2): final, masked, the length in its shortest form. Payload is masked while it is copied
 * behind the place of a header that is filled in when the frame ends; frame and header together fill at most one TLS record. Confined
 * to one thread.
 */
final class FrameWriter {
    /** The most plain text of a TLS record (RFC 8446 §5.1): header and payload of a full frame. */
    static final int RECORD_BYTES = 16_384;

    /** First two bytes, two of length, four of key. A multiple of four, so that an index of the buffer tells the byte of the key. */
    static final int HEADER_BYTES = 8;

    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;
    private static final int TWO_BYTE_LENGTH = 126;
    private static final int GROWTH = 4;

    private final MaskKeys keys;
    private @Nullable ByteBuf open;
    private int key;

    FrameWriter(MaskKeys keys) {
        this.keys = keys;
    }

    /**
     * Masks as much of {@code payload} into the open frame as that has room for, and opens one if there is none. Borrows the payload
     * and leaves its indices.
     *
     * @return how many bytes were taken: at least one, unless {@code length} is zero
     * @throws IllegalReferenceCountException if the payload was released
     */
    int append(ByteBufAllocator alloc, ByteBuf payload, int index, int length) {
        if (payload.refCnt() == 0) {
            throw new IllegalReferenceCountException(0);
        }
        ByteBuf frame = open;
        if (frame == null) {
            frame = begin(alloc, length);
        }
        int at = frame.writerIndex();
        int count = Math.min(length, RECORD_BYTES - at);
        if (count > frame.writableBytes()) {
            // By more than is needed: who writes small pieces writes several.
            frame.capacity(Math.min(RECORD_BYTES, GROWTH * (at + count)));
        }
        FrameMask.append(payload, index, count, frame, FrameMask.turned(key, at));
        return count;
    }

    private ByteBuf begin(ByteBufAllocator alloc, int length) {
        key = keys.next();
        ByteBuf frame = alloc.directBuffer(Math.min(RECORD_BYTES, HEADER_BYTES + length), RECORD_BYTES)
                .writerIndex(HEADER_BYTES);
        open = frame;
        return frame;
    }

    /** Whether the open frame must be finished before more is appended. */
    boolean isFull() {
        return open != null && open.writerIndex() == RECORD_BYTES;
    }

    /** Whether a frame has been begun and not finished. */
    boolean isOpen() {
        return open != null;
    }

    /** Ends the open frame and gives it; null if there is none. */
    @Nullable
    ByteBuf finish() {
        ByteBuf frame = open;
        if (frame == null) {
            return null;
        }
        open = null;
        header(frame, Opcode.BINARY, key);
        return frame;
    }

    /** Releases the open frame. */
    void discard() {
        if (open != null) {
            open.release();
            open = null;
        }
    }

    /** Gives a control frame, beside the open one; the payload has at most 125 bytes. */
    ByteBuf control(ByteBufAllocator alloc, int opcode, byte[] payload) {
        int own = keys.next();
        ByteBuf frame = alloc.directBuffer(HEADER_BYTES + payload.length).writerIndex(HEADER_BYTES);
        for (int i = 0; i < payload.length; i++) {
            frame.writeByte(payload[i] ^ (FrameMask.turned(own, i) >>> 24));
        }
        header(frame, opcode, own);
        return frame;
    }

    /** The header ends where the payload begins, and may leave two bytes before it unused. */
    private static void header(ByteBuf frame, int opcode, int key) {
        int length = frame.writerIndex() - HEADER_BYTES;
        if (length < TWO_BYTE_LENGTH) {
            frame.setShort(2, (FINAL | opcode) << Byte.SIZE | MASKED | length).readerIndex(2);
        } else {
            frame.setInt(0, (FINAL | opcode) << 24 | (MASKED | TWO_BYTE_LENGTH) << 16 | length);
        }
        frame.setInt(HEADER_BYTES - Integer.BYTES, key);
    }
}
