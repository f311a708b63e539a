// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.ProxyChallenge;
import io.upstream.proxy.ConnectResponseParser.Outcome;
import io.upstream.testing.Mutants;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever a proxy answers: one of the outcomes, the same one however the bytes are cut, within the limits, and no exception. */
class ConnectResponseFuzzTest {
    static Stream<byte[]> seeds() {
        return Stream.of(
                        "HTTP/1.1 200 Connection established\r\n\r\nbytes of the tunnel",
                        "HTTP/1.0 200\n\n",
                        "\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"a\"\r\n"
                                + " , Negotiate\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
                        "HTTP/1.1 503 Down\r\nRetry-After: 3\r\nX:\r\nY: \tz \r\n\r\n",
                        "HTTP/1.1 101 Switching\r\n\r\n",
                        "\u0016\u0003\u0001\u0002",
                        "SSH-2.0-OpenSSH\r\n")
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAnAnswerAlikeHoweverItIsCut(byte[] input) {
        ByteBuf whole = Unpooled.wrappedBuffer(input);
        ConnectResponseParser atOnce = new ConnectResponseParser();
        Outcome expected = atOnce.feed(whole);
        check(atOnce, expected, input.length - whole.readableBytes());
        ConnectResponseParser inPieces = new ConnectResponseParser();
        Outcome outcome = Outcome.INCOMPLETE;
        for (byte[] piece : Mutants.cut(input)) {
            if (outcome == Outcome.INCOMPLETE) {
                outcome = inPieces.feed(Unpooled.wrappedBuffer(piece));
            }
        }
        assertEquals(expected, outcome);
        assertEquals(atOnce.fault(), inPieces.fault());
        if (outcome == Outcome.COMPLETE) {
            assertEquals(atOnce.response(), inPieces.response());
        }
    }

    /** P38: proxies. */
    @Test
    void readsMutantsOfAnswers() {
        Mutants.feed(seeds(), 20_000, this::readsAnAnswerAlikeHoweverItIsCut);
    }

    private static void check(ConnectResponseParser parser, Outcome outcome, int consumed) {
        assertTrue(consumed <= 2 * ConnectResponseParser.MAX_HEAD, "reads no further than the limit");
        assertEquals(
                outcome == Outcome.MALFORMED || outcome == Outcome.TOO_LARGE,
                !parser.fault().isEmpty());
        if (outcome != Outcome.COMPLETE) {
            return;
        }
        ConnectResponse response = parser.response();
        assertTrue(response.status() >= 200 && response.status() <= 599);
        assertTrue(response.fields().size() <= ConnectResponseParser.MAX_FIELDS);
        List<ProxyChallenge> challenges = ChallengeReader.readAll(response.values("proxy-authenticate"));
        assertTrue(challenges.size() <= ChallengeReader.MAX_CHALLENGES);
    }
}
