// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.pattern;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.CompositeByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOutboundBuffer;
import io.upstream.websocket.FramesFixture.Sent;
import java.io.ByteArrayOutputStream;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FramesWriteTest {
    private static final int FULL = FrameWriter.RECORD_BYTES - FrameWriter.HEADER_BYTES;

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 125, 126, 127, 1_000, 16_375, 16_376})
    void sendsABufferThatFitsIntoATlsRecordAsOneMaskedBinaryFrame(int length) {
        try (FramesFixture fixture = new FramesFixture()) {
            assertTrue(fixture.channel.writeOutbound(fixture.buffer(pattern(length))));
            List<Sent> sent = fixture.sent();
            assertEquals(1, sent.size());
            assertEquals(Opcode.BINARY, sent.get(0).opcode());
            assertArrayEquals(pattern(length), sent.get(0).payload());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {16_377, 65_535, 65_536, 1_000_003})
    void cutsALongBufferIntoFramesThatEachFillATlsRecord(int length) {
        try (FramesFixture fixture = new FramesFixture()) {
            assertTrue(fixture.channel.writeOutbound(fixture.buffer(pattern(length))));
            assertEquals(
                    (length + FULL - 1) / FULL,
                    fixture.channel.outboundMessages().size());
            for (Object record : fixture.channel.outboundMessages()) {
                assertTrue(((ByteBuf) record).readableBytes() <= FrameWriter.RECORD_BYTES);
            }
            List<Sent> sent = fixture.sent();
            sent.subList(0, sent.size() - 1).forEach(frame -> assertEquals(FULL, frame.payload().length));
            assertArrayEquals(pattern(length), payloads(sent));
        }
    }

    @Test
    void gathersTheBuffersOfOneFlushIntoOneFrame() {
        try (FramesFixture fixture = new FramesFixture()) {
            ByteArrayOutputStream expected = new ByteArrayOutputStream();
            for (int length = 0; length < 60; length++) {
                expected.writeBytes(pattern(length));
                fixture.channel.write(fixture.buffer(pattern(length)));
            }
            assertTrue(fixture.sent().isEmpty());
            fixture.channel.flush();
            List<Sent> sent = fixture.sent();
            assertEquals(1, sent.size());
            assertArrayEquals(expected.toByteArray(), sent.get(0).payload());
        }
    }

    @Test
    void passesAFullFrameOnBeforeTheFlushSoThatTheChannelCountsIt() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.write(fixture.buffer(pattern(FULL - 1)));
            assertEquals(0, unsent(fixture));
            fixture.channel.write(fixture.buffer(pattern(1)));
            assertEquals(FrameWriter.RECORD_BYTES, unsent(fixture));
            fixture.channel.write(fixture.buffer(pattern(3 * FULL + 1)));
            assertEquals(4 * FrameWriter.RECORD_BYTES, unsent(fixture));
            fixture.channel.flush();
            assertEquals(5, fixture.sent().size());
        }
    }

    private static long unsent(FramesFixture fixture) {
        ChannelOutboundBuffer buffer = fixture.channel.unsafe().outboundBuffer();
        return buffer.totalPendingWriteBytes() / FrameWriter.RECORD_BYTES * FrameWriter.RECORD_BYTES;
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
    void completesTheWriteOfAnEmptyBufferInItsTurn() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.write(fixture.buffer(pattern(10)));
            ChannelFuture empty = fixture.channel.write(fixture.alloc.buffer());
            assertFalse(empty.isDone());
            fixture.channel.flush();
            assertTrue(empty.isSuccess());
            assertEquals(1, fixture.sent().size());
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

    private static byte[] payloads(List<Sent> frames) {
        return ServerFrames.join(frames.stream().map(Sent::payload).toArray(byte[][]::new));
    }
}
