// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.ascii;
import static io.upstream.websocket.ServerFrames.binary;
import static io.upstream.websocket.ServerFrames.frame;
import static io.upstream.websocket.ServerFrames.join;
import static io.upstream.websocket.ServerFrames.octets;
import static io.upstream.websocket.ServerFrames.pattern;
import static io.upstream.websocket.ServerFrames.ping;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FramesReadTest {
    /** Legal streams, what is to come out above, and which pongs go out. The numbers are those of Autobahn's cases. */
    static Stream<Arguments> legal() {
        byte[] big = pattern(65_536);
        return Stream.of(
                row("1.2.1 empty message", binary(new byte[0]), ""),
                row("1.2.2 125 bytes", binary(pattern(125)), text(pattern(125))),
                row("1.2.3 126 bytes", binary(pattern(126)), text(pattern(126))),
                row("1.2.5 128 bytes", binary(pattern(128)), text(pattern(128))),
                row("1.2.6 65535 bytes", binary(pattern(65_535)), text(pattern(65_535))),
                row("1.2.7 65536 bytes", binary(big), text(big)),
                row("2.1 ping without payload", ping(""), "", ""),
                row("2.2 ping with payload", ping("Hello, world!"), "", "Hello, world!"),
                row("2.3 ping with binary payload", frame(0x89, octets(0, 255, 254, 0)), "", "\0\u00ff\u00fe\0"),
                row("2.4 ping with 125 bytes", frame(0x89, pattern(125)), "", text(pattern(125))),
                row("2.7 unsolicited pong without payload", octets(0x8A, 0), ""),
                row("2.8 unsolicited pong with payload", frame(0x8A, ascii("x")), ""),
                row("2.9 pong, then ping", join(frame(0x8A, ascii("x")), ping("y")), "", "y"),
                row("5.x fragmented", join(frame(0x02, ascii("ab")), frame(0x80, ascii("cd"))), "abcd"),
                row(
                        "5.x ping between fragments",
                        join(frame(0x02, ascii("ab")), ping("p"), frame(0x80, ascii("cd"))),
                        "abcd",
                        "p"),
                row(
                        "5.19 fragments and pings in turn",
                        join(
                                frame(0x02, ascii("1")),
                                frame(0x00, ascii("2")),
                                ping("p"),
                                frame(0x00, ascii("3")),
                                frame(0x00, new byte[0]),
                                frame(0x8A, ascii("q")),
                                frame(0x80, ascii("4"))),
                        "1234",
                        "p"),
                row("6.1 empty fragments", join(octets(2, 0), octets(0, 0), octets(0x80, 0)), ""),
                row(
                        "message after message",
                        join(octets(0x82, 1, 'a'), octets(0x02, 1, 'b'), octets(0x80, 1, 'c'), octets(0x82, 1, 'd')),
                        "abcd"),
                row("largest frame", binary(pattern(327_700)), text(pattern(327_700))));
    }

    /** P30: the largest frame. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("legal")
    void takesALegalStreamWhole(String name, byte[] wire, String expected, String[] pongs) {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(wire);
            check(fixture, expected, pongs);
        }
    }

    /** P13: pings among the fragments of a message. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("legal")
    void takesALegalStreamInSegments(String name, byte[] wire, String expected, String[] pongs) {
        try (FramesFixture fixture = new FramesFixture()) {
            for (int at = 0; at < wire.length; at += 1_460) {
                fixture.feed(Arrays.copyOfRange(wire, at, Math.min(wire.length, at + 1_460)));
            }
            check(fixture, expected, pongs);
        }
    }

    static Stream<Arguments> legalAndShort() {
        return legal().filter(row -> ((byte[]) row.get()[1]).length < 1_000);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("legalAndShort")
    void takesALegalStreamByteByByte(String name, byte[] wire, String expected, String[] pongs) {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feedByteByByte(wire);
            check(fixture, expected, pongs);
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("legal")
    void takesALegalStreamCutAtEveryIndex(String name, byte[] wire, String expected, String[] pongs) {
        for (int cut = 0; cut <= wire.length; cut = nextCut(cut, wire.length)) {
            try (FramesFixture fixture = new FramesFixture()) {
                fixture.feed(Arrays.copyOf(wire, cut), Arrays.copyOfRange(wire, cut, wire.length));
                check(fixture, expected, pongs);
            }
        }
    }

    /** Every index of headers and short streams; inside a long payload all are alike. */
    private static int nextCut(int cut, int length) {
        return cut < 300 || cut > length - 20 ? cut + 1 : Math.min(length - 19, cut + 9_973);
    }

    @Test
    void passesUpBytesOfAFrameThatIsNotComplete() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(join(octets(0x82, 126, 1, 0), ascii("half")));
            assertEquals("half", text(fixture.received()));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 1_000, 100_000})
    void passesUpAMessageOfAnyNumberOfFragments(int fragments) {
        try (FramesFixture fixture = new FramesFixture()) {
            byte[] wire = new byte[fragments * 3];
            for (int i = 0; i < fragments; i++) {
                System.arraycopy(octets(i == 0 ? 2 : 0, 1, i), 0, wire, i * 3, 3);
            }
            fixture.feed(wire);
            assertEquals(fragments, fixture.received().length);
        }
    }

    @Test
    void givesTheBufferThatCameFromTheWire() {
        try (FramesFixture fixture = new FramesFixture()) {
            ByteBuf wire = fixture.buffer(binary(pattern(1_000)));
            long before = fixture.alloc.metric().usedDirectMemory();
            ByteBuf[] kept = new ByteBuf[1];
            fixture.channel.pipeline().removeLast();
            fixture.channel.writeInbound(wire);
            kept[0] = fixture.channel.readInbound();
            assertEquals(before, fixture.alloc.metric().usedDirectMemory());
            assertEquals(wire.memoryAddress() + 4, kept[0].memoryAddress() + kept[0].readerIndex());
            kept[0].release();
            assertEquals(0, wire.refCnt());
        }
    }

    @Test
    void answersOnlyTheLatestPingOfOneRead() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(join(ping("1"), ping("2"), ping("3")));
            check(fixture, "", new String[] {"3"});
        }
    }

    /** P13: pings are answered while the peer hardly reads. */
    @Test
    void answersOnlyTheLatestPingWhileAPongIsUnsent() {
        try (FramesFixture fixture = new FramesFixture()) {
            Stuck socket = new Stuck();
            fixture.channel.pipeline().addFirst(socket);
            for (int i = 0; i < 10_000; i++) {
                fixture.feed(ping("p" + i));
            }
            assertEquals(1, socket.waiting.size());
            socket.waiting.remove().run();
            assertEquals(1, socket.waiting.size());
            socket.waiting.remove().run();
            assertEquals(0, socket.waiting.size());
            check(fixture, "", new String[] {"p0", "p9999"});
        }
    }

    @Test
    void asksForMoreWhenAReaderByHandGotOnlyControlFrames() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.config().setAutoRead(false);
            int[] reads = new int[1];
            fixture.channel.pipeline().addFirst(new ChannelOutboundHandlerAdapter() {
                @Override
                public void read(ChannelHandlerContext ctx) {
                    reads[0]++;
                }
            });
            fixture.feed(ping("p"));
            assertEquals(1, reads[0]);
            fixture.feed(octets(0x82));
            assertEquals(2, reads[0]);
            fixture.feed(octets(1, 'x'));
            assertEquals(2, reads[0]);
        }
    }

    private static void check(FramesFixture fixture, String expected, String[] pongs) {
        assertArrayEquals(expected.getBytes(StandardCharsets.ISO_8859_1), fixture.received());
        assertTrue(fixture.errors.isEmpty(), () -> "errors: " + fixture.errors);
        assertTrue(fixture.channel.isOpen());
        assertArrayEquals(
                pongs,
                fixture.sent().stream()
                        .map(sent -> {
                            assertEquals(Opcode.PONG, sent.opcode());
                            return text(sent.payload());
                        })
                        .toArray());
    }

    private static Arguments row(String name, byte[] wire, String expected, String... pongs) {
        return Arguments.of(name, wire, expected, pongs);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }

    /** A socket that takes nothing until told. */
    private static final class Stuck extends ChannelOutboundHandlerAdapter {
        final Deque<Runnable> waiting = new ArrayDeque<>();

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            waiting.add(() -> ctx.writeAndFlush(message, promise));
        }
    }
}
