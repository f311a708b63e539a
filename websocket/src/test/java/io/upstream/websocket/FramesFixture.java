// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.UpstreamException.Where;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * The frames' handler in a channel of its own with a recorder above, time that stands still, and an allocator that counts: closing
 * the fixture fails unless every byte was given back.
 */
final class FramesFixture implements AutoCloseable {
    static final Where WHERE = new Where("websocket", "hub hub.test:443");

    /** Counts exactly, so the leak detector, which looks at each access, is left out. */
    final UnpooledByteBufAllocator alloc = new UnpooledByteBufAllocator(true, true);

    final ByteArrayOutputStream received = new ByteArrayOutputStream();
    final List<Throwable> errors = new ArrayList<>();
    final EmbeddedChannel channel = new EmbeddedChannel();

    /** One frame of the client, unmasked. */
    static final class Sent {
        private final int first;
        private final int key;
        private final byte[] payload;

        Sent(int first, int key, byte[] payload) {
            this.first = first;
            this.key = key;
            this.payload = payload;
        }

        int opcode() {
            return first & 0x0F;
        }

        int key() {
            return key;
        }

        byte[] payload() {
            return payload;
        }
    }

    FramesFixture() {
        channel.config().setAllocator(alloc);
        channel.freezeTime();
        channel.pipeline()
                .addLast(new WebSocketFrames(WHERE, new MaskKeys(new byte[MaskKeys.SEED_BYTES])), new Recorder());
    }

    /** One read from the wire for each piece. */
    void feed(byte[]... pieces) {
        for (byte[] piece : pieces) {
            channel.writeInbound(buffer(piece));
        }
    }

    void feedByteByByte(byte[] bytes) {
        for (byte octet : bytes) {
            feed(new byte[] {octet});
        }
    }

    ByteBuf buffer(byte[] bytes) {
        return alloc.directBuffer(Math.max(1, bytes.length)).writeBytes(bytes);
    }

    byte[] received() {
        return received.toByteArray();
    }

    /** The frames sent so far, read by rules of our own: final, masked, shortest length. */
    List<Sent> sent() {
        ByteBuf all = alloc.heapBuffer();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            all.writeBytes(out);
            out.release();
        }
        List<Sent> frames = new ArrayList<>();
        while (all.isReadable()) {
            frames.add(readFrame(all));
        }
        all.release();
        return frames;
    }

    private static Sent readFrame(ByteBuf all) {
        int first = all.readUnsignedByte();
        int second = all.readUnsignedByte();
        assertEquals(0x80, first & 0xF0, "final, nothing reserved");
        assertEquals(0x80, second & 0x80, "masked");
        int length = second & 0x7F;
        if (length == 126) {
            length = all.readUnsignedShort();
            assertEquals(true, length >= 126, "shortest length");
        } else if (length == 127) {
            length = Math.toIntExact(all.readLong());
            assertEquals(true, length >= 65_536, "shortest length");
        }
        int key = all.readInt();
        assertNotEquals(0, key, "a key of zero hides nothing");
        byte[] payload = new byte[length];
        all.readBytes(payload);
        for (int i = 0; i < length; i++) {
            payload[i] ^= (byte) (key >>> (24 - 8 * (i % 4)));
        }
        return new Sent(first, key, payload);
    }

    @Override
    public void close() {
        channel.unsafe().close(channel.unsafe().voidPromise());
        channel.finishAndReleaseAll();
        assertEquals(0, alloc.metric().usedDirectMemory(), "direct memory given back");
        assertEquals(0, alloc.metric().usedHeapMemory(), "heap buffers given back");
    }

    private final class Recorder extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ByteBuf in = (ByteBuf) message;
            byte[] bytes = new byte[in.readableBytes()];
            in.readBytes(bytes);
            in.release();
            assertNotEquals(0, bytes.length, "nothing empty is passed up");
            received.writeBytes(bytes);
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            errors.add(cause);
        }
    }
}
