// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.proxy.AnswerBody.Outcome;
import io.upstream.proxy.ConnectResponse.Field;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every body is fed whole, byte by byte and cut at every index, and must end alike. */
class AnswerBodyTest {
    private static final int LIMIT = 64;

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "content-length: 0|''",
                "content-length: 5|hello",
                "content-length: 5;content-length: 5|hello",
                "content-length: 5, 5|hello",
                "content-length: 64|0123456789012345678901234567890123456789012345678901234567890123",
                "transfer-encoding: Chunked|0~~",
                "transfer-encoding: chunked|5~hello~0~~",
                "transfer-encoding: chunked|5;a=b~hello~0~~",
                "transfer-encoding: chunked|5 ~hello~0~~",
                "transfer-encoding: chunked|0005~hello~00~~",
                "transfer-encoding: chunked|1~a~1~b~A~0123456789~0;x~X: y~Z: w~~"
            })
    void findsTheEndHoweverItIsCut(String fields, String body) {
        String wire = body.replace("~", "\r\n").replace("^", "\n");
        for (int cut = -1; cut <= wire.length(); cut++) {
            assertEquals("NEXT", rest(fields, wire + "NEXT", cut, Outcome.COMPLETE), "cut at " + cut);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "transfer-encoding: chunked|zz~",
                "transfer-encoding: chunked|~",
                "transfer-encoding: chunked|-5~",
                "transfer-encoding: chunked|5~hello0~",
                "transfer-encoding: chunked|5~hell~0~~",
                "transfer-encoding: chunked|5^hello",
                "transfer-encoding: chunked|5x~",
                "transfer-encoding: chunked|5;a^b~",
                "transfer-encoding: chunked|41~",
                "transfer-encoding: chunked|000000005~",
                "transfer-encoding: chunked|8000000000000000~",
                "transfer-encoding: chunked|0~X: y^",
                "transfer-encoding: chunked|20~0123456789ABCDEF0123456789ABCDEF~20~0123456789ABCDEF0123456789ABCDEF~0~~",
                "transfer-encoding: chunked|0~X: 0123456789012345678901234567890123456789012345678901234567890123456~~"
            })
    void givesUpWhereTheEndIsNotCertain(String fields, String body) {
        String wire = body.replace("~", "\r\n").replace("^", "\n");
        for (int cut = -1; cut <= wire.length(); cut++) {
            rest(fields, wire, cut, Outcome.UNUSABLE);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "true|x: y",
                "true|content-length: 5;connection: close",
                "true|content-length: 5;connection: foo, CLOSE",
                "true|content-length: 5;connection: keep-alive;connection: close",
                "true|content-length: 5;proxy-connection: close",
                "true|content-length: 5;content-length: 6",
                "true|content-length: 5, 6",
                "true|content-length: 5x",
                "true|content-length: -1",
                "true|content-length: +5",
                "true|content-length: ''",
                "true|content-length: 65",
                "true|content-length: 18446744073709551621",
                "true|content-length: 5;transfer-encoding: chunked",
                "true|transfer-encoding: gzip",
                "true|transfer-encoding: gzip, chunked",
                "true|transfer-encoding: chunked, chunked",
                "false|content-length: 5",
                "false|transfer-encoding: chunked;connection: keep-alive"
            })
    void readsNoBodyOfAConnectionThatCannotBeUsedAgain(boolean http11, String fields) {
        assertEquals(Optional.empty(), AnswerBody.of(response(http11, fields), LIMIT));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "true|content-length: 5",
                "true|content-length: 5;connection: upgrade",
                "false|content-length: 5;connection: Keep-Alive",
                "false|content-length: 5;proxy-connection: x, keep-alive"
            })
    void usesAConnectionAgainThatThePeerKeeps(boolean http11, String fields) {
        assertEquals(true, AnswerBody.of(response(http11, fields), LIMIT).isPresent());
    }

    private static String rest(String fields, String wire, int cut, Outcome expected) {
        AnswerBody body = AnswerBody.of(response(true, fields), LIMIT).orElseThrow();
        Outcome outcome = body.feed(Unpooled.EMPTY_BUFFER);
        StringBuilder rest = new StringBuilder();
        for (String piece : pieces(wire, cut)) {
            ByteBuf bytes = Unpooled.copiedBuffer(piece, StandardCharsets.ISO_8859_1);
            outcome = outcome == Outcome.INCOMPLETE ? body.feed(bytes) : outcome;
            rest.append(outcome == Outcome.COMPLETE ? bytes.toString(StandardCharsets.ISO_8859_1) : "");
        }
        assertEquals(expected, outcome, wire + ", cut at " + cut);
        return rest.toString();
    }

    private static List<String> pieces(String wire, int cut) {
        if (cut >= 0) {
            return List.of(wire.substring(0, cut), wire.substring(cut));
        }
        List<String> bytes = new ArrayList<>();
        for (int i = 0; i < wire.length(); i++) {
            bytes.add(wire.substring(i, i + 1));
        }
        return bytes;
    }

    private static ConnectResponse response(boolean http11, String fields) {
        List<Field> list = new ArrayList<>();
        for (String field : fields.split(";(?=[a-z-]+: )", -1)) {
            int colon = field.indexOf(": ");
            list.add(new Field(
                    field.substring(0, colon), field.substring(colon + 2).replace("''", "")));
        }
        return new ConnectResponse(http11, 407, "", list);
    }
}
