// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.testing.Mutants;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever answers an upgrade request: a head, more to come or the documented exception, the same however the bytes are cut. */
class ResponseHeadFuzzTest {
    private static final UpgradeCheck CHECK = new UpgradeCheck(
            new UpgradeRequest(new HostPort("hub.test", 443), "/$iothub/websocket", "mqtt", new SecureRandom()),
            new Where("websocket", "hub hub.test:443"));

    static Stream<byte[]> seeds() {
        return Stream.of(
                        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                                + "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n\u0082\1x",
                        "HTTP/1.0 407\nProxy-Authenticate: Basic\n\n",
                        "HTTP/1.1 302 Found\r\nLocation: https://login\u009b.test/?a=b\r\n\tfolded\r\n\r\n",
                        "HTTP/1.1 503 Slow\r\nRetry-After: 3\r\nX:\r\n\r\n",
                        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 426 \r\n\r\n",
                        "\u0015\u0003\u0001\0\2\2F")
                .map(text -> text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAHeadAlikeHoweverItIsCut(byte[] input) {
        assertEquals(read(List.of(input)), read(Mutants.cut(input)));
    }

    /** P38: the answer to the upgrade. */
    @Test
    void readsMutantsOfHeads() {
        Mutants.feed(seeds(), 5_000, this::readsAHeadAlikeHoweverItIsCut);
    }

    private static String read(List<byte[]> pieces) {
        ResponseHeadParser parser = new ResponseHeadParser();
        ResponseHead head = null;
        int consumed = 0;
        for (byte[] piece : pieces) {
            ByteBuf in = Unpooled.wrappedBuffer(piece);
            try {
                head = parser.parse(in);
            } catch (MalformedResponseException e) {
                String message = Objects.requireNonNull(e.getMessage());
                assertTrue(message.chars().allMatch(c -> c >= ' ' && c < 0x7F), message);
                // The excerpt at its end shows what has arrived, which depends on the cut.
                return message.substring(0, message.indexOf(": '"));
            }
            consumed += in.readerIndex();
            if (head != null) {
                break;
            }
        }
        assertTrue(parser.bytes() <= ResponseHeadParser.MAX_BYTES);
        return head == null ? "more after " + consumed : consumed + " " + judged(head);
    }

    private static String judged(ResponseHead head) {
        UpstreamException refusal = CHECK.refusal(head);
        String message = refusal == null ? "open" : String.valueOf(refusal.getMessage());
        assertFalse(message.chars().anyMatch(Character::isISOControl), message);
        return head + " " + message;
    }
}
