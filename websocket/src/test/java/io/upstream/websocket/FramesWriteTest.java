// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.pattern;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.channel.ChannelFuture;
import io.upstream.websocket.FramesFixture.Sent;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FramesWriteTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 125, 126, 127, 65_535, 65_536, 1_000_003})
    void sendsOneMaskedBinaryFrameForEachBuffer(int length) {
        try (FramesFixture fixture = new FramesFixture()) {
            assertTrue(fixture.channel.writeOutbound(fixture.buffer(pattern(length))));
            List<Sent> sent = fixture.sent();
            assertEquals(1, sent.size());
            assertEquals(Opcode.BINARY, sent.get(0).opcode());
            assertArrayEquals(pattern(length), sent.get(0).payload());
        }
    }

    @Test
    void usesAnotherKeyForEachFrame() {
        try (FramesFixture fixture = new FramesFixture()) {
            for (int i = 0; i < 1_000; i++) {
                fixture.channel.writeOutbound(fixture.buffer(pattern(1)));
            }
            Set<Integer> keys = new HashSet<>();
            fixture.sent().forEach(sent -> keys.add(sent.key()));
            assertEquals(1_000, keys.size());
        }
    }

    @Test
    void leavesARetainedPayloadAsItWasSoThatItCanBeSentAgain() {
        try (FramesFixture fixture = new FramesFixture()) {
            ByteBuf payload = fixture.buffer(pattern(100));
            fixture.channel.writeOutbound(payload.retainedDuplicate());
            fixture.channel.writeOutbound(payload);
            List<Sent> sent = fixture.sent();
            assertArrayEquals(sent.get(0).payload(), sent.get(1).payload());
        }
    }

    @Test
    void sendsACompositeAsOneFrame() {
        try (FramesFixture fixture = new FramesFixture()) {
            CompositeByteBuf parts = fixture.alloc.compositeBuffer();
            parts.addComponents(true, fixture.buffer(pattern(5)), fixture.buffer(pattern(126)));
            fixture.channel.writeOutbound(parts);
            List<Sent> sent = fixture.sent();
            assertEquals(1, sent.size());
            assertArrayEquals(
                    ServerFrames.join(pattern(5), pattern(126)), sent.get(0).payload());
        }
    }

    @Test
    void sendsNoFrameForAnEmptyBufferAndCompletesItsWrite() {
        try (FramesFixture fixture = new FramesFixture()) {
            ChannelFuture written = fixture.channel.writeAndFlush(fixture.alloc.buffer());
            assertTrue(written.isSuccess());
            assertTrue(fixture.sent().isEmpty());
        }
    }

    @Test
    void refusesWhatIsNoBuffer() {
        try (FramesFixture fixture = new FramesFixture()) {
            ChannelFuture written = fixture.channel.writeAndFlush("text");
            assertInstanceOf(IllegalArgumentException.class, written.cause());
            assertTrue(fixture.sent().isEmpty());
        }
    }

    @Test
    void failsTheWriteOfABufferThatWasReleased() {
        try (FramesFixture fixture = new FramesFixture()) {
            ByteBuf gone = fixture.buffer(pattern(10));
            gone.release();
            assertTrue(fixture.channel.writeAndFlush(gone).cause() != null);
            assertTrue(fixture.sent().isEmpty());
        }
    }
}
