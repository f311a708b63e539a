// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;

/** Cuts a stream into frames, in place where a frame is whole, in a buffer of its own where it is not. */
abstract class FrameCutter {
    /** The header is not complete. */
    static final int UNKNOWN = -1;

    static final int LONGEST = 1 << 20;

    private @Nullable ByteBuf partial;

    /** The whole frame's length from what its first {@code available} bytes say, or {@link #UNKNOWN}. */
    abstract int frameLength(ByteBuf in, int index, int available) throws ProtocolViolation;

    /** A whole frame; borrows the buffer, whose indices it may not move. */
    abstract void frame(ByteBuf in, int index, int length, ByteBuf answers) throws ProtocolViolation;

    /** Takes all readable bytes. */
    final void cut(ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        if (partial != null && partial.isReadable()) {
            complete(partial, in, answers);
        }
        while (in.isReadable()) {
            int length = checked(frameLength(in, in.readerIndex(), in.readableBytes()));
            if (length == UNKNOWN || length > in.readableBytes()) {
                keep(in);
                return;
            }
            frame(in, in.readerIndex(), length, answers);
            in.skipBytes(length);
        }
    }

    private void keep(ByteBuf in) {
        if (partial == null) {
            partial = Unpooled.directBuffer(4_096);
        }
        partial.writeBytes(in);
    }

    private void complete(ByteBuf begun, ByteBuf in, ByteBuf answers) throws ProtocolViolation {
        while (in.isReadable()) {
            int length = checked(frameLength(begun, 0, begun.readableBytes()));
            int wanted = length == UNKNOWN ? 1 : length - begun.readableBytes();
            begun.writeBytes(in, Math.min(wanted, in.readableBytes()));
            if (frameLength(begun, 0, begun.readableBytes()) == begun.readableBytes()) {
                frame(begun, 0, begun.readableBytes(), answers);
                begun.clear();
                return;
            }
        }
    }

    private static int checked(int length) throws ProtocolViolation {
        if (length > LONGEST) {
            throw new ProtocolViolation("a frame of " + length + " bytes");
        }
        return length;
    }

    final void discard() {
        if (partial != null) {
            partial.release();
            partial = null;
        }
    }
}
