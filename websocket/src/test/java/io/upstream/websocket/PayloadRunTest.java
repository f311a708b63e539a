// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.ascii;
import static io.upstream.websocket.ServerFrames.binary;
import static io.upstream.websocket.ServerFrames.close;
import static io.upstream.websocket.ServerFrames.join;
import static io.upstream.websocket.ServerFrames.octets;
import static io.upstream.websocket.ServerFrames.pattern;
import static io.upstream.websocket.ServerFrames.ping;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many buffers one read becomes, and that nobody else's bytes are moved. */
class PayloadRunTest {
    @Test
    void passesManySmallFramesUpAsTheBufferTheyCameIn() {
        byte[][] frames = new byte[200][];
        byte[][] payloads = new byte[200][];
        for (int i = 0; i < frames.length; i++) {
            payloads[i] = pattern(i);
            frames[i] = i % 7 == 0 ? join(ping("p"), binary(payloads[i])) : binary(payloads[i]);
        }
        try (FramesFixture fixture = new FramesFixture()) {
            ByteBuf wire = fixture.buffer(join(frames));
            List<ByteBuf> up = read(fixture, wire);
            assertEquals(1, up.size());
            assertSame(wire, up.get(0));
            assertArrayEquals(join(payloads), ByteBufUtil.getBytes(wire));
            assertEquals(1, wire.refCnt());
            wire.release();
        }
    }

    @Test
    void slicesBeforeALargePieceInsteadOfMovingIt() {
        byte[] large = pattern(PayloadRun.MOVED_BYTES + 1);
        try (FramesFixture fixture = new FramesFixture()) {
            List<ByteBuf> up = read(
                    fixture,
                    fixture.buffer(join(
                            binary(ascii("a")), binary(ascii("b")), binary(large), binary(ascii("c")), binary(large))));
            assertEquals(3, up.size());
            assertArrayEquals(ascii("ab"), taken(up.get(0)));
            assertArrayEquals(join(large, ascii("c")), taken(up.get(1)));
            assertArrayEquals(large, taken(up.get(2)));
        }
    }

    @Test
    void leavesABufferAsItIsThatSomebodyElseHolds() {
        byte[] bytes = join(binary(ascii("a")), binary(ascii("b")));
        try (FramesFixture fixture = new FramesFixture()) {
            for (ByteBuf wire : List.of(
                    fixture.buffer(bytes).retain(), fixture.buffer(bytes).asReadOnly())) {
                List<ByteBuf> up = read(fixture, wire);
                assertEquals(2, up.size());
                assertArrayEquals(ascii("a"), taken(up.get(0)));
                assertArrayEquals(ascii("b"), taken(up.get(1)));
                if (wire.refCnt() > 0) {
                    wire.setIndex(0, bytes.length);
                    assertArrayEquals(bytes, taken(wire));
                }
            }
        }
    }

    @Test
    void passesUpWhatCameBeforeAGoodbyeOrAViolationFirst() {
        for (byte[] end : List.of(close(1000, ""), octets(0xF2), octets(0x88, 1, 3))) {
            try (FramesFixture fixture = new FramesFixture()) {
                fixture.feed(join(binary(ascii("a")), binary(ascii("b")), end, binary(ascii("never"))));
                assertArrayEquals(ascii("ab"), fixture.received());
                assertEquals(1, fixture.errors.size());
            }
        }
    }

    @Test
    void dropsTheRestOfAReadAfterTheHandlersAboveHaveClosed() {
        byte[] large = pattern(PayloadRun.MOVED_BYTES + 1);
        try (FramesFixture fixture = new FramesFixture()) {
            List<ByteBuf> up =
                    read(fixture, fixture.buffer(join(binary(ascii("a")), binary(large), binary(large))), true);
            assertEquals(1, up.size());
            assertArrayEquals(ascii("a"), taken(up.get(0)));
        }
    }

    /** Takes {@code wire}. */
    private static List<ByteBuf> read(FramesFixture fixture, ByteBuf wire) {
        return read(fixture, wire, false);
    }

    private static List<ByteBuf> read(FramesFixture fixture, ByteBuf wire, boolean closes) {
        Collector collector = new Collector(closes);
        fixture.channel.pipeline().replace(fixture.channel.pipeline().last(), "collector", collector);
        fixture.channel.writeInbound(wire);
        return collector.up;
    }

    /** Takes {@code buffer}. */
    private static byte[] taken(ByteBuf buffer) {
        byte[] bytes = ByteBufUtil.getBytes(buffer);
        buffer.release();
        return bytes;
    }

    /** The handler above. */
    private static final class Collector extends ChannelInboundHandlerAdapter {
        final List<ByteBuf> up = new ArrayList<>();
        private final boolean closes;

        Collector(boolean closes) {
            this.closes = closes;
        }

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            up.add((ByteBuf) message);
            if (closes) {
                ctx.close();
            }
        }
    }
}
