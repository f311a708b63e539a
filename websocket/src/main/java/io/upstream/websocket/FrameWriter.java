// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;

/** Builds the client's frames (RFC 6455 §5.2): final, masked, the length in its shortest form. Confined to one thread. */
final class FrameWriter {
    private static final int FINAL = 0x80;
    private static final int MASKED = 0x80;

    private final MaskKeys keys;

    FrameWriter(MaskKeys keys) {
        this.keys = keys;
    }

    /** Gives a frame with a masked copy of the readable bytes of {@code payload}, which it borrows. */
    ByteBuf binary(ByteBufAllocator alloc, ByteBuf payload) {
        return frame(alloc, Opcode.BINARY, payload);
    }

    /** Gives a control frame; the payload has at most 125 bytes. */
    ByteBuf control(ByteBufAllocator alloc, int opcode, byte[] payload) {
        return frame(alloc, opcode, Unpooled.wrappedBuffer(payload));
    }

    private ByteBuf frame(ByteBufAllocator alloc, int opcode, ByteBuf payload) {
        int length = payload.readableBytes();
        int key = keys.next();
        ByteBuf frame = alloc.directBuffer(headerBytes(length) + length);
        try {
            writeHeader(frame, opcode, length, key);
            FrameMask.copy(payload, frame, key);
            return frame;
        } catch (RuntimeException | Error e) {
            frame.release();
            throw e;
        }
    }

    private static void writeHeader(ByteBuf frame, int opcode, int length, int key) {
        frame.writeByte(FINAL | opcode);
        if (length < 126) {
            frame.writeByte(MASKED | length);
        } else if (length < 1 << 16) {
            frame.writeByte(MASKED | 126).writeShort(length);
        } else {
            frame.writeByte(MASKED | 127).writeLong(length);
        }
        frame.writeInt(key);
    }

    private static int headerBytes(int length) {
        int lengthBytes = length < 126 ? 0 : length < 1 << 16 ? Short.BYTES : Long.BYTES;
        return 2 + lengthBytes + Integer.BYTES;
    }
}
