// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** The exclusive-or of a payload with its key (RFC 6455 §5.3), done while the payload is copied: the one pass that cannot be saved. */
final class FrameMask {
    /** In the machine's own byte order: then the loop needs no byte swaps. */
    private static final VarHandle LONGS = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

    private FrameMask() {}

    /**
     * Appends the readable bytes of {@code from}, masked, to {@code to}. Borrows both; the indices of {@code from} stay.
     *
     * @param to has room for them in one piece of memory
     * @param key the first byte on the wire is the highest of these
     */
    static void copy(ByteBuf from, ByteBuf to, int key) {
        int length = from.readableBytes();
        if (length == 0) {
            return;
        }
        ByteBuffer target = to.internalNioBuffer(to.writerIndex(), length);
        if (from.nioBufferCount() == 1) {
            mask(from.internalNioBuffer(from.readerIndex(), length), target, target.position(), key);
        } else {
            maskParts(from.nioBuffers(), target, key);
        }
        to.writerIndex(to.writerIndex() + length);
    }

    private static void maskParts(ByteBuffer[] parts, ByteBuffer target, int key) {
        int at = target.position();
        int turned = key;
        for (ByteBuffer part : parts) {
            mask(part, target, at, turned);
            at += part.remaining();
            turned = Integer.rotateLeft(turned, (part.remaining() & 3) * Byte.SIZE);
        }
    }

    private static void mask(ByteBuffer from, ByteBuffer to, int toStart, int key) {
        int fromStart = from.position();
        int length = from.remaining();
        long wide = wide(key);
        int i = 0;
        for (; i <= length - 32; i += 32) {
            step(from, fromStart + i, to, toStart + i, wide);
            step(from, fromStart + i + 8, to, toStart + i + 8, wide);
            step(from, fromStart + i + 16, to, toStart + i + 16, wide);
            step(from, fromStart + i + 24, to, toStart + i + 24, wide);
        }
        for (; i <= length - 8; i += 8) {
            step(from, fromStart + i, to, toStart + i, wide);
        }
        for (; i < length; i++) {
            int shift = 24 - (i & 3) * Byte.SIZE;
            to.put(toStart + i, (byte) (from.get(fromStart + i) ^ (key >>> shift)));
        }
    }

    private static void step(ByteBuffer from, int fromIndex, ByteBuffer to, int toIndex, long wide) {
        LONGS.set(to, toIndex, (long) LONGS.get(from, fromIndex) ^ wide);
    }

    /** The key twice, so that the bytes of the long lie in memory as the key's bytes go over the wire. */
    private static long wide(int key) {
        int inMemory = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN ? key : Integer.reverseBytes(key);
        long half = inMemory & 0xFFFF_FFFFL;
        return (half << 32) | half;
    }
}
