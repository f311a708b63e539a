// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.binary;
import static io.upstream.websocket.ServerFrames.pattern;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.util.ResourceLeakDetector;
import io.upstream.testing.AllocationMeter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes of garbage for each message. The buffers are pooled, as on a connection. */
class FramesAllocationTest {
    private static final int OPERATIONS = 2_000;
    private static final double NOTHING = 0.5;

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 1_024, 16_384, 262_144})
    void buildsFramesWithoutGarbage(int size) {
        ByteBuf payload = buffer(pattern(size));
        FrameWriter writer = new FrameWriter(new MaskKeys(new byte[MaskKeys.SEED_BYTES]));
        assertEquals(
                0,
                bytes(size, () -> {
                    for (int at = 0; at < size; ) {
                        at += writer.append(PooledByteBufAllocator.DEFAULT, payload, at, size - at);
                        if (writer.isFull()) {
                            writer.finish().release();
                        }
                    }
                }),
                NOTHING);
        writer.discard();
        payload.release();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 1_024, 16_384, 262_144})
    void writesFramesWithoutGarbage(int size) {
        ByteBuf payload = buffer(pattern(size));
        EmbeddedChannel channel = channel();
        ChannelHandlerContext above = channel.pipeline().lastContext();
        assertEquals(
                0,
                bytes(size, () -> {
                    above.write(payload.retain(), above.voidPromise());
                    above.write(payload.retain(), above.voidPromise());
                    above.flush();
                }),
                NOTHING);
        channel.finishAndReleaseAll();
        assertTrue(payload.release());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 64, 1_024, 16_384, 262_144})
    void readsAFrameWithoutGarbage(int size) {
        ByteBuf wire = buffer(binary(pattern(size)));
        int end = wire.writerIndex();
        EmbeddedChannel channel = channel();
        assertEquals(
                0,
                bytes(
                        size,
                        () -> channel.pipeline()
                                .fireChannelRead(wire.setIndex(0, end).retain())),
                NOTHING);
        channel.finishAndReleaseAll();
        assertTrue(wire.release());
    }

    /** Two large frames in one read, which are not worth moving: one slice. */
    @ParameterizedTest
    @ValueSource(ints = {2_048, 16_384})
    void readsTwoLargeFramesWithOneSlice(int size) {
        byte[] frame = binary(pattern(size));
        ByteBuf wire = buffer(ServerFrames.join(frame, frame));
        int end = wire.writerIndex();
        EmbeddedChannel channel = channel();
        double bytes = bytes(
                size,
                () -> channel.pipeline().fireChannelRead(wire.setIndex(0, end).retain()));
        assertTrue(bytes <= 45, () -> bytes + " bytes");
        channel.finishAndReleaseAll();
        assertTrue(wire.release());
    }

    /** One that the leak detector does not watch: it would make an object for each {@code retain}. */
    private static ByteBuf buffer(byte[] bytes) {
        ResourceLeakDetector.Level level = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.DISABLED);
        try {
            return PooledByteBufAllocator.DEFAULT.directBuffer(bytes.length).writeBytes(bytes);
        } finally {
            ResourceLeakDetector.setLevel(level);
        }
    }

    private static double bytes(int size, Runnable operation) {
        return AllocationMeter.bytesPerOperation(Math.max(50, OPERATIONS * 1_024 / (size + 1_024)), operation);
    }

    private static EmbeddedChannel channel() {
        EmbeddedChannel channel = new EmbeddedChannel();
        channel.config().setAllocator(PooledByteBufAllocator.DEFAULT);
        ChannelHandler frames = new WebSocketFrames(FramesFixture.WHERE, new MaskKeys(new byte[MaskKeys.SEED_BYTES]));
        channel.pipeline().addLast(new Socket(), frames, new Above());
        return channel;
    }

    /** Takes whatever is written, since the embedded channel's own queue is not what is measured. */
    private static final class Socket extends ChannelOutboundHandlerAdapter {
        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            ((ByteBuf) message).release();
        }
    }

    /** Takes whatever is read. */
    private static final class Above extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ((ByteBuf) message).release();
        }
    }
}
