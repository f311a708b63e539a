// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.ChannelHandler;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random traffic, both ways, between our handler and Netty's WebSocket codec, bit for bit and cut anywhere. The seed is the case; the
 * system property {@code upstream.differential.messages} sets how many messages go each way.
 */
class FramesAgainstNettyTest {
    private static final int MESSAGES = Integer.getInteger("upstream.differential.messages", 10_000);
    private static final int PER_SEED = 500;

    static LongStream seeds() {
        return LongStream.range(0, Math.max(1, MESSAGES / PER_SEED));
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void readsWhatNettyWrites(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        byte[] wire = nettyFrames(random, expected);
        try (FramesFixture fixture = new FramesFixture()) {
            int longest = 2 << random.nextInt(16);
            for (int at = 0; at < wire.length; ) {
                int end = Math.min(wire.length, at + random.nextInt(1, longest));
                fixture.feed(Arrays.copyOfRange(wire, at, end));
                at = end;
            }
            assertArrayEquals(expected.toByteArray(), fixture.received());
            assertTrue(fixture.errors.isEmpty(), () -> "errors: " + fixture.errors);
            fixture.sent().forEach(sent -> assertEquals(Opcode.PONG, sent.opcode()));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void writesWhatNettyReads(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        try (FramesFixture fixture = new FramesFixture()) {
            for (int i = 0; i < PER_SEED; i++) {
                byte[] payload = payload(random);
                expected.writeBytes(payload);
                fixture.channel.write(random.nextBoolean() ? fixture.buffer(payload) : Unpooled.wrappedBuffer(payload));
                if (random.nextInt(4) == 0) {
                    fixture.channel.flush();
                    drain(fixture.channel, wire);
                }
            }
            fixture.channel.flush();
            drain(fixture.channel, wire);
        }
        assertArrayEquals(expected.toByteArray(), readByNetty(random, wire.toByteArray()));
    }

    private static byte[] readByNetty(SplittableRandom random, byte[] wire) {
        WebSocketDecoderConfig strict = WebSocketDecoderConfig.newBuilder()
                .expectMaskedFrames(true)
                .allowMaskMismatch(false)
                .maxFramePayloadLength(FrameWriter.RECORD_BYTES - FrameWriter.HEADER_BYTES)
                .build();
        EmbeddedChannel netty = netty(new WebSocket13FrameDecoder(strict));
        ByteArrayOutputStream got = new ByteArrayOutputStream();
        int longest = 2 << random.nextInt(16);
        for (int at = 0; at < wire.length; ) {
            int end = Math.min(wire.length, at + random.nextInt(1, longest));
            netty.writeInbound(Unpooled.wrappedBuffer(wire, at, end - at).copy()); // unmasked in place
            at = end;
            for (WebSocketFrame frame = netty.readInbound(); frame != null; frame = netty.readInbound()) {
                assertTrue(frame instanceof BinaryWebSocketFrame && frame.isFinalFragment() && frame.rsv() == 0);
                got.writeBytes(taken(frame.content()));
            }
        }
        netty.finishAndReleaseAll();
        return got.toByteArray();
    }

    private static EmbeddedChannel netty(ChannelHandler codec) {
        EmbeddedChannel netty = new EmbeddedChannel(codec);
        netty.config().setAllocator(new UnpooledByteBufAllocator(true, true));
        return netty;
    }

    private static byte[] nettyFrames(SplittableRandom random, ByteArrayOutputStream expected) {
        EmbeddedChannel netty = netty(new WebSocket13FrameEncoder(false));
        boolean inside = false;
        for (int i = 0; i < PER_SEED; i++) {
            if (random.nextInt(5) == 0) {
                netty.writeOutbound(new PingWebSocketFrame(Unpooled.wrappedBuffer(new byte[random.nextInt(126)])));
            }
            byte[] payload = payload(random);
            expected.writeBytes(payload);
            boolean last = random.nextInt(4) > 0;
            ByteBuf content = Unpooled.wrappedBuffer(payload);
            netty.writeOutbound(
                    inside
                            ? new ContinuationWebSocketFrame(last, 0, content)
                            : new BinaryWebSocketFrame(last, 0, content));
            inside = !last;
        }
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        drain(netty, wire);
        netty.finishAndReleaseAll();
        return wire.toByteArray();
    }

    private static void drain(EmbeddedChannel channel, ByteArrayOutputStream to) {
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            to.writeBytes(taken(out));
        }
    }

    /** Takes {@code buffer}. */
    private static byte[] taken(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.readBytes(bytes);
        buffer.release();
        return bytes;
    }

    /** Mostly short; sometimes around the bounds where the length takes another form, or a record is full. */
    private static byte[] payload(SplittableRandom random) {
        int length = switch (random.nextInt(200)) {
            case 0 -> 65_530 + random.nextInt(12);
            case 1, 2 -> 16_370 + random.nextInt(12);
            case 3, 4 -> random.nextInt(20_000);
            case 5, 6, 7, 8, 9, 10 -> 120 + random.nextInt(12);
            case 11, 12, 13, 14, 15 -> 0;
            default -> random.nextInt(300);
        };
        byte[] payload = new byte[length];
        random.nextBytes(payload);
        return payload;
    }
}
