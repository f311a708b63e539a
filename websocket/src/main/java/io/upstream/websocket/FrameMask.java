// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.util.internal.PlatformDependent;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Objects;

/** The exclusive-or of a payload with its key (RFC 6455 §5.3), done while the payload is copied: the one pass that cannot be saved. */
final class FrameMask {
    /**
     * Loads and stores at plain addresses, which leave nothing to check inside the loop: on JDK 17 it runs at the speed of memory, and
     * a loop over views of byte buffers at a tenth of that, since their checks stay in. Where Netty may not use addresses, as by
     * default from JDK 25 on, the compiler does better with buffers.
     */
    private static final boolean BY_ADDRESS = PlatformDependent.hasUnsafe() && PlatformDependent.isUnaligned();

    private static final boolean BIG_ENDIAN = ByteOrder.nativeOrder() == ByteOrder.BIG_ENDIAN;

    private FrameMask() {}

    /**
     * Appends {@code length} bytes of {@code from}, masked, to {@code to}. Borrows both; of the indices only the writer index of {@code
     * to} moves.
     *
     * @param index where the bytes begin in {@code from}
     * @param to has room for them in one piece of memory
     * @param key its highest byte belongs to the first of them
     */
    static void append(ByteBuf from, int index, int length, ByteBuf to, int key) {
        int at = to.writerIndex();
        Objects.checkFromIndexSize(index, length, from.capacity());
        Objects.checkFromIndexSize(at, length, to.capacity());
        if (BY_ADDRESS && to.hasMemoryAddress() && from.hasMemoryAddress()) {
            copy(from.memoryAddress() + index, to.memoryAddress() + at, length, key);
        } else {
            to.setBytes(at, from, index, length);
            inPlace(to, at, length, key);
        }
        to.writerIndex(at + length);
    }

    private static void inPlace(ByteBuf buffer, int at, int length, int key) {
        if (BY_ADDRESS && buffer.hasMemoryAddress()) {
            long address = buffer.memoryAddress() + at;
            copy(address, address, length, key);
        } else if (length > 0) {
            ByteBuffer memory = buffer.internalNioBuffer(at, length);
            ByteOrder before = memory.order();
            inPlace(memory.order(ByteOrder.nativeOrder()), key); // without swapping bytes
            memory.order(before);
        }
    }

    /** {@code from} and {@code to} may be the same. */
    private static void copy(long from, long to, int length, int key) {
        if (length < Long.BYTES) {
            for (int i = 0; i < length; i++) {
                PlatformDependent.putByte(to + i, (byte) (PlatformDependent.getByte(from + i) ^ octet(key, i)));
            }
            return;
        }
        // The last long may overlap with the one before; it is read first, since the loop may write where it reads.
        long last = PlatformDependent.getLong(from + length - Long.BYTES) ^ wide(turned(key, length));
        long wide = wide(key);
        for (int i = 0; i <= length - Long.BYTES; i += Long.BYTES) {
            PlatformDependent.putLong(to + i, PlatformDependent.getLong(from + i) ^ wide);
        }
        PlatformDependent.putLong(to + length - Long.BYTES, last);
    }

    private static void inPlace(ByteBuffer buffer, int key) {
        int at = buffer.position();
        int length = buffer.remaining();
        long wide = wide(key);
        int i = 0;
        for (; i <= length - Long.BYTES; i += Long.BYTES) {
            buffer.putLong(at + i, buffer.getLong(at + i) ^ wide);
        }
        for (; i < length; i++) {
            buffer.put(at + i, (byte) (buffer.get(at + i) ^ octet(key, i)));
        }
    }

    /** The key for what begins {@code bytes} behind the place that {@code key} belongs to. */
    static int turned(int key, int bytes) {
        return Integer.rotateLeft(key, (bytes & 3) * Byte.SIZE);
    }

    private static int octet(int key, int index) {
        return key >>> (24 - (index & 3) * Byte.SIZE);
    }

    /** The key twice, so that the bytes of the long lie in memory as the key's bytes go over the wire. */
    private static long wide(int key) {
        int half = BIG_ENDIAN ? key : Integer.reverseBytes(key);
        return ((long) half << Integer.SIZE) | (half & 0xFFFF_FFFFL);
    }
}
