// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static io.upstream.websocket.ServerFrames.ascii;
import static io.upstream.websocket.ServerFrames.binary;
import static io.upstream.websocket.ServerFrames.close;
import static io.upstream.websocket.ServerFrames.join;
import static io.upstream.websocket.ServerFrames.octets;
import static io.upstream.websocket.ServerFrames.ping;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.ChannelFuture;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.websocket.FramesFixture.Sent;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FramesCloseTest {
    @Test
    void saysGoodbyeAndClosesWhenTheServerHasAnswered() {
        try (FramesFixture fixture = new FramesFixture()) {
            ChannelFuture closed = fixture.channel.pipeline().close();
            assertClose(fixture, CloseReason.payload(1000));
            assertFalse(closed.isDone());
            fixture.feed(join(binary(ascii("late")), ping("late"), close(1000, "bye")));
            assertTrue(closed.isSuccess());
            assertFalse(fixture.channel.isOpen());
            assertEquals(0, fixture.received().length);
            assertTrue(fixture.errors.isEmpty());
            assertTrue(fixture.sent().isEmpty());
        }
    }

    @Test
    void closesAfterTwoSecondsWhenTheServerDoesNotAnswer() {
        try (FramesFixture fixture = new FramesFixture()) {
            ChannelFuture closed = fixture.channel.pipeline().close();
            advance(fixture, 1_999);
            assertFalse(closed.isDone());
            advance(fixture, 1);
            assertTrue(closed.isSuccess());
            assertFalse(fixture.channel.isOpen());
        }
    }

    @Test
    void closesAfterTwoSecondsWhenTheSocketTakesNothing() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.pipeline().addFirst(new NeverWrites());
            ChannelFuture closed = fixture.channel.pipeline().close();
            advance(fixture, 2_000);
            assertTrue(closed.isSuccess());
        }
    }

    @Test
    void closesAtOnceWhenTheServerBreaksTheRulesAfterOurGoodbye() {
        try (FramesFixture fixture = new FramesFixture()) {
            ChannelFuture closed = fixture.channel.pipeline().close();
            fixture.feed(octets(0xFF, 0xFF, 0x82, 1, 'x'));
            assertTrue(closed.isSuccess());
            assertTrue(fixture.errors.isEmpty());
        }
    }

    @Test
    void closesOnceThoughAskedSeveralTimes() {
        try (FramesFixture fixture = new FramesFixture()) {
            ChannelFuture first = fixture.channel.pipeline().close();
            ChannelFuture second = fixture.channel.pipeline().close();
            ChannelFuture third = fixture.channel.pipeline().disconnect();
            assertEquals(1, fixture.sent().size());
            fixture.feed(close(1000, ""));
            assertTrue(first.isSuccess() && second.isSuccess() && third.isSuccess());
            assertTrue(fixture.channel.pipeline().close().isSuccess());
        }
    }

    @Test
    void failsWritesAfterOurGoodbye() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.pipeline().close();
            Throwable cause =
                    fixture.channel.writeAndFlush(fixture.buffer(ascii("late"))).cause();
            assertEquals(
                    FailureKind.CLOSED,
                    assertInstanceOf(UpstreamException.class, cause).kind());
            assertClose(fixture, CloseReason.payload(1000));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1000, CLOSED_BY_PEER, code 1000 (normal)",
        "1001, CLOSED_BY_PEER, code 1001 (going away)",
        "1002, PROTOCOL, code 1002 (protocol error)",
        "1003, PROTOCOL, code 1003",
        "1007, PROTOCOL, code 1007",
        "1008, CLOSED_BY_PEER, code 1008",
        "1009, PROTOCOL, code 1009",
        "1010, PROTOCOL, code 1010",
        "1011, SERVER_ERROR, code 1011",
        "1012, SERVER_ERROR, code 1012",
        "1013, THROTTLED, code 1013",
        "1014, SERVER_ERROR, code 1014",
        "3000, CLOSED_BY_PEER, code 3000",
        "3999, CLOSED_BY_PEER, code 3999",
        "4000, CLOSED_BY_PEER, code 4000",
        "4999, CLOSED_BY_PEER, code 4999",
    })
    void answersTheServersGoodbyeOnceAndTellsWhy(int code, FailureKind kind, String words) {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(join(
                    binary(ascii("before")),
                    close(code, "so\nlong €"),
                    close(code, ""),
                    binary(ascii("after")),
                    ping("x")));
            fixture.feed(binary(ascii("later")));
            assertArrayEquals(ascii("before"), fixture.received());
            assertEquals(1, fixture.errors.size());
            UpstreamException error = assertInstanceOf(UpstreamException.class, fixture.errors.get(0));
            assertEquals(kind, error.kind());
            String message = String.valueOf(error.getMessage());
            assertTrue(message.startsWith("hub hub.test:443 closed the WebSocket with " + words), message);
            assertTrue(message.contains(", saying 'so long €': "), message);
            assertClose(fixture, CloseReason.payload(code));
        }
    }

    @Test
    void answersAGoodbyeWithoutACodeLikewise() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(octets(0x88, 0));
            assertClose(fixture, new byte[0]);
            assertEquals(
                    "hub hub.test:443 closed the WebSocket with no code: look for a second connection with the same"
                            + " identity, a token that ended, or a device that was disabled",
                    fixture.errors.get(0).getMessage());
        }
    }

    @Test
    void leavesTheServerTwoSecondsToCloseTheSocket() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(close(1001, ""));
            ChannelFuture closed = fixture.channel.pipeline().close();
            advance(fixture, 1_999);
            assertFalse(closed.isDone());
            advance(fixture, 1);
            assertTrue(closed.isSuccess());
        }
    }

    @Test
    void failsWritesAfterTheServersGoodbyeWithItsCause() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(close(1011, ""));
            Throwable cause =
                    fixture.channel.writeAndFlush(fixture.buffer(ascii("late"))).cause();
            assertEquals(fixture.errors.get(0), cause);
        }
    }

    @Test
    void takesAGoodbyeInsideAFragmentedMessage() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.feed(join(octets(0x02, 1, 'a'), close(1000, ""), octets(0x80, 1, 'b')));
            assertArrayEquals(ascii("a"), fixture.received());
            assertClose(fixture, CloseReason.payload(1000));
        }
    }

    @Test
    void leavesNoTimerBehindWhenTheSocketGoesFirst() {
        try (FramesFixture fixture = new FramesFixture()) {
            fixture.channel.pipeline().close();
            fixture.channel.unsafe().close(fixture.channel.unsafe().voidPromise());
            fixture.channel.runPendingTasks();
            assertEquals(-1, fixture.channel.runScheduledPendingTasks());
        }
    }

    private static void assertClose(FramesFixture fixture, byte[] payload) {
        List<Sent> sent = fixture.sent();
        assertEquals(1, sent.size());
        assertEquals(Opcode.CLOSE, sent.get(0).opcode());
        assertArrayEquals(payload, sent.get(0).payload());
    }

    private static void advance(FramesFixture fixture, long millis) {
        fixture.channel.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        fixture.channel.runScheduledPendingTasks();
        fixture.channel.runPendingTasks();
    }
}
