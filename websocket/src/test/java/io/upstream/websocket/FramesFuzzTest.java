// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.ascii;
import static io.upstream.websocket.ServerFrames.binary;
import static io.upstream.websocket.ServerFrames.close;
import static io.upstream.websocket.ServerFrames.frame;
import static io.upstream.websocket.ServerFrames.join;
import static io.upstream.websocket.ServerFrames.octets;
import static io.upstream.websocket.ServerFrames.pattern;
import static io.upstream.websocket.ServerFrames.ping;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.upstream.UpstreamException;
import io.upstream.testing.Mutants;
import io.upstream.websocket.FramesFixture.Sent;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whatever a server sends: the same payload, the same end and the same goodbye however the bytes are cut, at most one error, nothing kept
 * and nothing leaked.
 */
class FramesFuzzTest {
    /** Beside what was fed: control frames that wait in the embedded channel to be looked at. */
    private static final int PONG_BYTES = 8 + FrameReader.MAX_CONTROL_BYTES;

    static Stream<byte[]> seeds() {
        return Stream.of(
                join(binary(ascii("a")), ping("p"), binary(pattern(200)), close(1000, "bye")),
                join(frame(0x02, ascii("ab")), ping(""), frame(0x00, ascii("c")), frame(0x80, pattern(130))),
                join(binary(pattern(4_368)), octets(0x8A, 0), octets(0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0)),
                join(octets(0x82, 126, 0, 126), pattern(126), close(1011, "")),
                join(binary(ascii("x")), octets(0x82, 0x81, 1, 2, 3, 4)),
                close(1000, "\u20ac"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAStreamAlikeHoweverItIsCut(byte[] input) {
        assertEquals(read(input, List.of(input)), read(input, Mutants.cut(input)));
    }

    /** P38: WebSocket. */
    @Test
    void readsMutantsOfStreams() {
        Mutants.feed(seeds(), 5_000, this::readsAStreamAlikeHoweverItIsCut);
    }

    /** The fixture fails if a byte is not given back. */
    private static String read(byte[] input, List<byte[]> pieces) {
        try (FramesFixture fixture = new FramesFixture()) {
            for (byte[] piece : pieces) {
                if (fixture.channel.isOpen() && piece.length > 0) {
                    fixture.feed(piece);
                }
            }
            long held = fixture.alloc.metric().usedDirectMemory();
            assertTrue(held <= (long) (pieces.size() + 2) * PONG_BYTES, () -> held + " bytes are held");
            assertTrue(fixture.received().length <= input.length);
            assertTrue(fixture.errors.size() <= 1, () -> "errors: " + fixture.errors);
            fixture.errors.forEach(error -> assertInstanceOf(UpstreamException.class, error));
            return HexFormat.of().formatHex(fixture.received()) + " open " + fixture.channel.isOpen() + " "
                    + fixture.errors.stream().map(Throwable::getMessage).toList() + " " + goodbye(fixture.sent());
        }
    }

    /** How many pings are answered depends on the reads. */
    private static String goodbye(List<Sent> sent) {
        return sent.stream()
                .filter(frame -> frame.opcode() != Opcode.PONG)
                .map(frame -> frame.opcode() + " " + HexFormat.of().formatHex(frame.payload()))
                .toList()
                .toString();
    }
}
