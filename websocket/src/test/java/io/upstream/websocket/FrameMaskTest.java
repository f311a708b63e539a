// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class FrameMaskTest {
    private static final int KEY = 0x81_7F_02_C4;

    @Test
    void masksEveryLengthFromEveryOffset() {
        byte[] bytes = ServerFrames.pattern(100);
        for (int offset = 0; offset < 9; offset++) {
            for (int length = 0; length <= bytes.length - offset; length++) {
                check(Unpooled.wrappedBuffer(bytes, offset, length), offset);
                check(Unpooled.directBuffer().writeBytes(bytes, offset, length), offset);
            }
        }
    }

    @Test
    void masksWhatConsistsOfSeveralPiecesOfMemory() {
        byte[] bytes = ServerFrames.pattern(300);
        for (int cut = 0; cut <= 40; cut++) {
            check(
                    Unpooled.wrappedBuffer(
                            Unpooled.wrappedBuffer(bytes, 0, cut),
                            Unpooled.directBuffer().writeBytes(bytes, cut, 101 - cut),
                            Unpooled.wrappedBuffer(bytes, 101, 199)),
                    cut % 5);
        }
    }

    @Test
    void masksAReadOnlySliceAndLeavesItAsItWas() {
        byte[] bytes = ServerFrames.pattern(64);
        ByteBuf payload = Unpooled.directBuffer().writeBytes(bytes);
        check(payload.slice(5, 50).asReadOnly().retain(), 1);
        assertArrayEquals(bytes, ByteBufUtil.getBytes(payload));
        payload.release();
    }

    @Test
    void refusesAPlaceOutsideEitherBuffer() {
        ByteBuf from = Unpooled.directBuffer(16, 16).writeZero(16);
        ByteBuf to = Unpooled.directBuffer(8, 8);
        assertThrows(IndexOutOfBoundsException.class, () -> FrameMask.append(from, 9, 8, to, KEY));
        assertThrows(IndexOutOfBoundsException.class, () -> FrameMask.append(from, -1, 8, to, KEY));
        assertThrows(IndexOutOfBoundsException.class, () -> FrameMask.append(from, 0, 9, to, KEY));
        assertThrows(IndexOutOfBoundsException.class, () -> FrameMask.append(from, 0, -1, to, KEY));
        from.release();
        to.release();
    }

    /** Takes {@code payload}. */
    private static void check(ByteBuf payload, int lead) {
        check(payload.retain(), Unpooled.directBuffer(lead + payload.readableBytes()), lead);
        check(payload, Unpooled.buffer(lead + payload.readableBytes()), lead);
    }

    private static void check(ByteBuf payload, ByteBuf to, int lead) {
        byte[] plain = ByteBufUtil.getBytes(payload);
        to.writeZero(lead);
        FrameMask.append(payload, payload.readerIndex(), plain.length, to, KEY);
        assertEquals(plain.length, payload.readableBytes());
        byte[] masked = ByteBufUtil.getBytes(to.skipBytes(lead));
        for (int i = 0; i < plain.length; i++) {
            plain[i] ^= (byte) (KEY >>> (24 - 8 * (i % 4)));
        }
        assertArrayEquals(plain, masked);
        payload.release();
        to.release();
    }
}
