// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.ascii;
import static io.upstream.websocket.ServerFrames.binary;
import static io.upstream.websocket.ServerFrames.close;
import static io.upstream.websocket.ServerFrames.frame;
import static io.upstream.websocket.ServerFrames.join;
import static io.upstream.websocket.ServerFrames.octets;
import static io.upstream.websocket.ServerFrames.pattern;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.ProtocolException;
import io.upstream.websocket.FramesFixture.Sent;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class FramesViolationTest {
    static Stream<Arguments> violations() {
        return Stream.concat(framing(), closing());
    }

    private static Stream<Arguments> framing() {
        return Stream.of(
                row("masked by the server", 1002, join(octets(0x82, 0x81, 1, 2, 3, 4), ascii("x"))),
                row("masked and empty", 1002, octets(0x82, 0x80, 1, 2, 3, 4)),
                row("masked ping", 1002, octets(0x89, 0x80, 1, 2, 3, 4)),
                row("3.x RSV3", 1002, frame(0x92, ascii("x"))),
                row("3.x RSV2", 1002, frame(0xA2, ascii("x"))),
                row("3.x RSV1, as compressed", 1002, frame(0xC2, ascii("x"))),
                row("3.x all reserved bits", 1002, frame(0xF2, ascii("x"))),
                row("3.x RSV1 in a ping", 1002, octets(0xC9, 0)),
                row("4.1 opcode 3", 1002, octets(0x83, 0)),
                row("4.1 opcode 4", 1002, octets(0x84, 0)),
                row("4.1 opcode 5", 1002, octets(0x85, 0)),
                row("4.1 opcode 6", 1002, octets(0x86, 0)),
                row("4.1 opcode 7", 1002, octets(0x87, 0)),
                row("4.2 opcode 11", 1002, octets(0x8B, 0)),
                row("4.2 opcode 12", 1002, octets(0x8C, 0)),
                row("4.2 opcode 13", 1002, octets(0x8D, 0)),
                row("4.2 opcode 14", 1002, octets(0x8E, 0)),
                row("4.2 opcode 15", 1002, octets(0x8F, 0)),
                row("2.5 ping of 126 bytes", 1002, frame(0x89, pattern(126))),
                row("pong of 126 bytes", 1002, frame(0x8A, pattern(126))),
                row("5.1 fragmented ping", 1002, join(frame(0x09, ascii("a")), frame(0x80, ascii("b")))),
                row("5.2 fragmented pong", 1002, join(frame(0x0A, ascii("a")), frame(0x80, ascii("b")))),
                row("fragmented close", 1002, octets(0x08, 0)),
                row("5.9 continuation without a beginning", 1002, frame(0x80, ascii("x"))),
                row("5.12 continuation, not final, without a beginning", 1002, frame(0x00, ascii("x"))),
                row("length of 125 in two bytes", 1002, join(octets(0x82, 126, 0, 125), pattern(125))),
                row("length of 0 in two bytes", 1002, octets(0x82, 126, 0, 0)),
                row("length of 65535 in eight bytes", 1002, octets(0x82, 127, 0, 0, 0, 0, 0, 0, 255, 255)),
                row("length of 1 in eight bytes", 1002, octets(0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 'x')),
                row("length of 2^63", 1002, octets(0x82, 127, 128, 0, 0, 0, 0, 0, 0, 0)),
                row("length of 2^64 - 1", 1002, octets(0x82, 127, 255, 255, 255, 255, 255, 255, 255, 255)),
                row("length of 2^63 - 1", 1009, octets(0x82, 127, 127, 255, 255, 255, 255, 255, 255, 255)),
                row("length of 327701", 1009, octets(0x82, 127, 0, 0, 0, 0, 0, 5, 0, 0x15)),
                row("text", 1003, frame(0x81, ascii("x"))),
                row("text, empty", 1003, octets(0x81, 0)),
                row("text, fragmented", 1003, frame(0x01, ascii("x"))));
    }

    private static Stream<Arguments> closing() {
        return Stream.concat(
                Stream.of(0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 12_592, 65_535)
                        .map(code -> row("7.9 close with code " + code, 1002, close(code, ""))),
                Stream.of(
                        row("7.3.2 close with half a code", 1002, octets(0x88, 1, 3)),
                        row("7.3.6 close of 126 bytes", 1002, close(1000, "x".repeat(124))),
                        row("7.5.1 close reason is not UTF-8", 1007, octets(0x88, 4, 3, 0xE8, 0xC3, 0x28)),
                        row("close reason ends inside a character", 1007, octets(0x88, 3, 3, 0xE8, 0xC3)),
                        row("close reason is a surrogate", 1007, octets(0x88, 5, 3, 0xE8, 0xED, 0xA0, 0x80))));
    }

    /** P30: one byte beyond the cap. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("violations")
    void refusesWhatBreaksTheRules(String name, int code, byte[] wire) {
        byte[] all = join(binary(ascii("good")), wire, binary(ascii("never")), close(1000, ""));
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(all);
            check(fixture, code);
        }
        try (FramesFixture fixture = new FramesFixture()) {
            for (byte octet : all) {
                fixture.channel.pipeline().fireChannelRead(fixture.buffer(new byte[] {octet}));
            }
            check(fixture, code);
        }
    }

    @Test
    void refusesANewMessageInsideAFragmentedOne() {
        for (int first : new int[] {0x82, 0x02, 0x81, 0x01}) {
            try (FramesFixture fixture = new FramesFixture()) {
                fixture.feed(join(frame(0x02, ascii("good")), frame(first, ascii("never"))));
                check(fixture, 1002);
            }
        }
    }

    /** Before the mask is even seen, a length over the limit is not waited for. */
    @Test
    void refusesATooLongFrameByItsHeader() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(binary(ascii("good")), octets(0x82, 127, 0, 0, 0, 0, 0, 5, 0, 0x15));
            check(fixture, 1009);
        }
    }

    /** P30: a second after the violation. */
    @Test
    void closesWithinASecondThoughTheSocketTakesNothing() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.pipeline().addFirst(new NeverWrites());
            fixture.feed(octets(0xF2));
            assertTrue(fixture.channel.isOpen());
            fixture.channel.advanceTimeBy(1, TimeUnit.SECONDS);
            fixture.channel.runScheduledPendingTasks();
            assertFalse(fixture.channel.isOpen());
        }
    }

    private static void check(FramesFixture fixture, int code) {
        assertArrayEquals(ascii("good"), fixture.received());
        assertEquals(1, fixture.errors.size(), () -> "errors: " + fixture.errors);
        ProtocolException error = assertInstanceOf(ProtocolException.class, fixture.errors.get(0));
        assertEquals(FailureKind.PROTOCOL, error.kind());
        assertEquals("websocket", error.stage());
        String message = String.valueOf(error.getMessage());
        assertTrue(message.startsWith("hub hub.test:443 broke the WebSocket protocol: "), message);
        List<Sent> sent = fixture.sent();
        assertEquals(1, sent.size());
        assertEquals(Opcode.CLOSE, sent.get(0).opcode());
        assertArrayEquals(CloseReason.payload(code), sent.get(0).payload());
        assertFalse(fixture.channel.isOpen());
    }

    private static Arguments row(String name, int code, byte[] wire) {
        return Arguments.of(name, code, wire);
    }
}
