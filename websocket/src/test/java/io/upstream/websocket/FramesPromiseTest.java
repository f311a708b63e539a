// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.ascii;
import static io.upstream.websocket.ServerFrames.join;
import static io.upstream.websocket.ServerFrames.pattern;
import static io.upstream.websocket.ServerFrames.ping;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.AbstractByteBufAllocator;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import io.upstream.websocket.FramesFixture.Sent;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Every write hears of its end, also when its bytes share a frame with others. */
class FramesPromiseTest {
    private static final int LONG = 3 * FrameWriter.RECORD_BYTES;

    @Test
    void completesTheWritesOfAFrameTogether() {
        try (FramesFixture fixture = new FramesFixture()) {
            List<ChannelFuture> writes = writes(fixture, 5, LONG, 7, 0, 9);
            assertTrue(writes.stream().noneMatch(ChannelFuture::isDone));
            fixture.channel.flush();
            assertTrue(writes.stream().allMatch(ChannelFuture::isSuccess));
            fixture.sent();
        }
    }

    @Test
    void failsTheWritesOfAFrameTogether() {
        try (FramesFixture fixture = new FramesFixture()) {
            IOException lost = new IOException("lost");
            fixture.channel.pipeline().addFirst(new Refuses(lost));
            List<ChannelFuture> writes = writes(fixture, 5, LONG, 7, 0, 9);
            fixture.channel.flush();
            writes.forEach(write -> assertSame(lost, write.cause()));
            assertTrue(fixture.errors.isEmpty(), "whoever has a promise is told nothing else");
        }
    }

    @Test
    void tellsThePipelineWhatAWriteWithoutAPromiseCannot() {
        for (int length : new int[] {5, LONG}) {
            try (FramesFixture fixture = new FramesFixture()) {
                IOException lost = new IOException("lost");
                fixture.channel.pipeline().addFirst(new Refuses(lost));
                fixture.channel.write(fixture.buffer(pattern(length)), fixture.channel.voidPromise());
                ChannelFuture other = fixture.channel.write(fixture.buffer(pattern(5)));
                fixture.channel.flush();
                assertSame(lost, fixture.errors.get(0));
                assertSame(lost, other.cause());
            }
        }
    }

    @Test
    void failsGatheredWritesWhenTheSocketGoes() {
        try (FramesFixture fixture = new FramesFixture()) {
            List<ChannelFuture> writes = writes(fixture, 5, 7);
            fixture.channel.unsafe().close(fixture.channel.unsafe().voidPromise());
            fixture.channel.runPendingTasks();
            writes.forEach(write -> assertInstanceOf(ClosedChannelException.class, write.cause()));
        }
    }

    @Test
    void failsGatheredWritesWhenTheHandlerIsRemoved() {
        try (FramesFixture fixture = new FramesFixture()) {
            List<ChannelFuture> writes = writes(fixture, 5, 7);
            fixture.channel.pipeline().remove(WebSocketFrames.class);
            writes.forEach(write -> assertNotNull(write.cause()));
        }
    }

    @Test
    void sendsGatheredWritesBeforeOurGoodbye() {
        try (FramesFixture fixture = new FramesFixture()) {
            List<ChannelFuture> writes = writes(fixture, 5, 7);
            fixture.channel.pipeline().close();
            assertTrue(writes.stream().allMatch(ChannelFuture::isSuccess));
            assertOrder(fixture, join(pattern(5), pattern(7)), Opcode.CLOSE);
        }
    }

    @Test
    void sendsGatheredWritesBeforeAPongAndThoseThatFollowBehindIt() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.write(fixture.buffer(pattern(5)));
            fixture.feed(ping("p"));
            fixture.channel.writeAndFlush(fixture.buffer(ascii("later")));
            List<Sent> sent = fixture.sent();
            assertEquals(
                    List.of(Opcode.BINARY, Opcode.PONG, Opcode.BINARY),
                    sent.stream().map(Sent::opcode).toList());
            assertArrayEquals(ascii("later"), sent.get(2).payload());
        }
    }

    @Test
    void sendsGatheredWritesBeforeTheAnswerToTheServersGoodbye() {
        try (FramesFixture fixture = new FramesFixture()) {
            List<ChannelFuture> writes = writes(fixture, 5, 7);
            fixture.feed(ServerFrames.close(1000, ""));
            assertTrue(writes.stream().allMatch(ChannelFuture::isSuccess));
            assertOrder(fixture, join(pattern(5), pattern(7)), Opcode.CLOSE);
        }
    }

    @Test
    void leavesOutAWriteThatWasCancelledBefore() {
        try (FramesFixture fixture = new FramesFixture()) {
            ChannelPromise cancelled = fixture.channel.newPromise();
            assertTrue(cancelled.cancel(false));
            fixture.channel.write(fixture.buffer(ascii("never")), cancelled);
            fixture.channel.writeAndFlush(fixture.buffer(ascii("sent")));
            assertArrayEquals(ascii("sent"), fixture.sent().get(0).payload());
        }
    }

    @Test
    void cannotCancelAWriteWhoseFrameCarriesOthers() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.write(fixture.buffer(ascii("a")), fixture.channel.voidPromise());
            ChannelFuture write = fixture.channel.write(fixture.buffer(ascii("b")));
            assertFalse(write.cancel(false));
            fixture.channel.flush();
            assertArrayEquals(ascii("ab"), fixture.sent().get(0).payload());
        }
    }

    @Test
    void closesWhenMemoryEndsInsideABuffer() {
        try (FramesFixture fixture = new FramesFixture()) {
            ByteBuf payload = fixture.buffer(pattern(LONG));
            ChannelFuture before = fixture.channel.write(fixture.buffer(pattern(5)));
            fixture.channel.config().setAllocator(new Scarce(fixture.alloc, 2));
            ChannelFuture broken = fixture.channel.write(payload);
            assertInstanceOf(ClosedChannelException.class, before.cause());
            assertInstanceOf(OutOfMemoryError.class, broken.cause());
            assertFalse(fixture.channel.isOpen());
        }
    }

    private static List<ChannelFuture> writes(FramesFixture fixture, int... lengths) {
        List<ChannelFuture> writes = new ArrayList<>();
        for (int length : lengths) {
            writes.add(fixture.channel.write(fixture.buffer(pattern(length))));
        }
        return writes;
    }

    private static void assertOrder(FramesFixture fixture, byte[] payload, int then) {
        List<Sent> sent = fixture.sent();
        assertEquals(2, sent.size());
        assertArrayEquals(payload, sent.get(0).payload());
        assertEquals(then, sent.get(1).opcode());
    }

    /** A socket that is lost. */
    private static final class Refuses extends ChannelOutboundHandlerAdapter {
        private final IOException cause;

        Refuses(IOException cause) {
            this.cause = cause;
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ReferenceCountUtil.release(message);
            promise.tryFailure(cause);
        }
    }

    /** Memory for so many buffers. */
    private static final class Scarce extends AbstractByteBufAllocator {
        private final ByteBufAllocator source;
        private int left;

        Scarce(ByteBufAllocator source, int left) {
            this.source = source;
            this.left = left;
        }

        @Override
        protected ByteBuf newHeapBuffer(int initialCapacity, int maxCapacity) {
            throw new OutOfMemoryError("by test");
        }

        @Override
        protected ByteBuf newDirectBuffer(int initialCapacity, int maxCapacity) {
            if (left-- == 0) {
                throw new OutOfMemoryError("by test");
            }
            return source.directBuffer(initialCapacity, maxCapacity);
        }

        @Override
        public boolean isDirectBufferPooled() {
            return false;
        }
    }
}
