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
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random traffic, both ways, between our handler and Netty's WebSocket codec. The seed is the case. */
class FramesAgainstNettyTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void readsWhatNettyWrites(long seed) {
        Random random = new Random(seed);
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        byte[] wire = nettyFrames(random, expected);
        try (FramesFixture fixture = new FramesFixture()) {
            for (int at = 0; at < wire.length; ) {
                int end = Math.min(wire.length, at + 1 + random.nextInt(1 << random.nextInt(16)));
                fixture.feed(Arrays.copyOfRange(wire, at, end));
                at = end;
            }
            assertArrayEquals(expected.toByteArray(), fixture.received());
            assertTrue(fixture.errors.isEmpty(), () -> "errors: " + fixture.errors);
            fixture.sent().forEach(sent -> assertEquals(Opcode.PONG, sent.opcode()));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void writesWhatNettyReads(long seed) {
        Random random = new Random(seed);
        WebSocketDecoderConfig strict = WebSocketDecoderConfig.newBuilder()
                .expectMaskedFrames(true)
                .allowMaskMismatch(false)
                .maxFramePayloadLength(1 << 20)
                .build();
        EmbeddedChannel netty = netty(new WebSocket13FrameDecoder(strict));
        try (FramesFixture fixture = new FramesFixture()) {
            for (int i = 0; i < 300; i++) {
                byte[] payload = payload(random);
                fixture.channel.writeOutbound(
                        random.nextBoolean() ? fixture.buffer(payload) : Unpooled.wrappedBuffer(payload));
                for (ByteBuf out = fixture.channel.readOutbound(); out != null; out = fixture.channel.readOutbound()) {
                    netty.writeInbound(out);
                }
                assertFrame(netty, payload);
            }
        }
        netty.finishAndReleaseAll();
    }

    private static void assertFrame(EmbeddedChannel netty, byte[] payload) {
        WebSocketFrame frame = netty.readInbound();
        if (payload.length == 0) {
            assertEquals(null, frame);
            return;
        }
        assertTrue(frame instanceof BinaryWebSocketFrame && frame.isFinalFragment() && frame.rsv() == 0);
        byte[] got = new byte[frame.content().readableBytes()];
        frame.content().readBytes(got);
        frame.release();
        assertArrayEquals(payload, got);
    }

    private static EmbeddedChannel netty(ChannelHandler codec) {
        EmbeddedChannel netty = new EmbeddedChannel(codec);
        netty.config().setAllocator(new UnpooledByteBufAllocator(true, true));
        return netty;
    }

    private static byte[] nettyFrames(Random random, ByteArrayOutputStream expected) {
        EmbeddedChannel netty = netty(new WebSocket13FrameEncoder(false));
        boolean inside = false;
        for (int i = 0; i < 300; i++) {
            if (random.nextInt(5) == 0) {
                netty.writeOutbound(new PingWebSocketFrame(Unpooled.wrappedBuffer(new byte[random.nextInt(126)])));
            }
            byte[] payload = payload(random);
            expected.writeBytes(payload);
            boolean last = random.nextBoolean();
            ByteBuf content = Unpooled.wrappedBuffer(payload);
            netty.writeOutbound(
                    inside
                            ? new ContinuationWebSocketFrame(last, 0, content)
                            : new BinaryWebSocketFrame(last, 0, content));
            inside = !last;
        }
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        for (ByteBuf out = netty.readOutbound(); out != null; out = netty.readOutbound()) {
            byte[] bytes = new byte[out.readableBytes()];
            out.readBytes(bytes);
            out.release();
            wire.writeBytes(bytes);
        }
        netty.finishAndReleaseAll();
        return wire.toByteArray();
    }

    /** Mostly short; sometimes around the bounds where the length takes another form. */
    private static byte[] payload(Random random) {
        int length = switch (random.nextInt(20)) {
            case 0 -> 65_530 + random.nextInt(12);
            case 1 -> 120 + random.nextInt(12);
            case 2 -> 0;
            case 3 -> random.nextInt(20_000);
            default -> random.nextInt(300);
        };
        byte[] payload = new byte[length];
        random.nextBytes(payload);
        return payload;
    }
}
