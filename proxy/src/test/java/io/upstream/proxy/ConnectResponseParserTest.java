// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.proxy.ConnectResponseParser.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every answer is fed whole, byte by byte and cut at every index, and must be read alike. */
class ConnectResponseParserTest {
    private static final String OK = "HTTP/1.1 200 OK\r\n";
    /** Behind the head; shows that the parser stops in time. */
    private static final String TAIL = "\u0016tunnel";

    static Stream<Arguments> complete() {
        return Stream.of(
                row("plain", OK + "\r\n", 200),
                row("no reason, no blank", "HTTP/1.1 200\r\n\r\n", 200),
                row("no reason, blank", "HTTP/1.1 200 \r\n\r\n", 200),
                row("odd reason", "HTTP/1.1 200 Blocked\r\n\r\n", 200),
                row("reason in Latin-1", "HTTP/1.1 200 verf\u00fcgbar\r\n\r\n", 200),
                row("reason of 1 KiB", "HTTP/1.1 200 " + "x".repeat(1024) + "\r\n\r\n", 200),
                row("HTTP/1.0", "HTTP/1.0 200 Connection established\r\n\r\n", 200),
                row("HTTP/1.7 counts as 1.1", "HTTP/1.7 200 OK\r\n\r\n", 200),
                row("201", "HTTP/1.1 201 Created\r\n\r\n", 201),
                row("204", "HTTP/1.1 204 No Content\r\n\r\n", 204),
                row("299", "HTTP/1.1 299 Odd\r\n\r\n", 299),
                row("length on a 200", OK + "Content-Length: 5\r\n\r\n", 200),
                row("chunked 200", OK + "Transfer-Encoding: chunked\r\n\r\n", 200),
                row("close on a 200", OK + "Connection: close\r\n\r\n", 200),
                row("status line at its limit", "HTTP/1.1 200 " + "x".repeat(4096 - 13) + "\r\n\r\n", 200),
                row("field of 9 KiB", OK + "X: " + "x".repeat(9 << 10) + "\r\n\r\n", 200),
                row("bare line feeds", "HTTP/1.1 200 OK\nX: y\n\n", 200),
                row("mixed line ends", "HTTP/1.1 200 OK\r\nX: y\n\r\n", 200),
                row("one fold", OK + "X: a\r\n  b\r\n\r\n", 200),
                row("folds at their limit", OK + "X: a\r\n" + " b\r\n".repeat(32) + "\r\n", 200),
                row("empty value", OK + "X:\r\n\r\n", 200),
                row("tabs and high bytes", OK + "X:\t\u00e9\t\r\n\r\n", 200),
                row("two empty lines first", "\r\n\r\n" + OK + "\r\n", 200),
                row("100 first", "HTTP/1.1 100 Continue\r\n\r\n" + OK + "\r\n", 200),
                row("103 and 102", "HTTP/1.1 103 E\r\nLink: a\r\n\r\nHTTP/1.1 102 P\r\n\r\n" + OK + "\r\n", 200),
                row("interim answers at their limit", "HTTP/1.1 102 P\r\n\r\n".repeat(8) + OK + "\r\n", 200),
                row("407", "HTTP/1.1 407 P\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n", 407),
                row("599", "HTTP/1.1 599 Z\r\n\r\n", 599));
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                row("garbage", "FOO BAR\r\n\r\n", "no HTTP answer"),
                row("ICY", "ICY 200 OK\r\n\r\n", "no HTTP answer"),
                row("HTML", "<html></html>", "no HTTP answer"),
                row("SSH", "SSH-2.0-OpenSSH_9.2\r\n", "no HTTP answer"),
                row("lower case", "http/1.1 200 OK\r\n\r\n", "no HTTP answer"),
                row("TLS alert", "\u0015\u0003\u0001\u0000\u0002\u0002P", "TLS"),
                row("SOCKS 5", "\u0005\u00ff", "SOCKS"),
                row("SOCKS 4", "\u0000[", "SOCKS"),
                row("byte order mark", "\u00ef\u00bb\u00bfHTTP/1.1 200 OK\r\n\r\n", "no HTTP answer"),
                row("HTTP/0.9", "HTTP/0.9 200 OK\r\n\r\n", "not HTTP/1.0"),
                row("HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n", "not HTTP/1.0"),
                row("HTTP/1.10", "HTTP/1.10 200 OK\r\n\r\n", "not HTTP/1.0"),
                row("HTTP/1", "HTTP/1 200 OK\r\n\r\n", "not HTTP/1.0"),
                row("cut short", "HTTP\r\n", "not HTTP/1.0"),
                row("tab before status", "HTTP/1.1\t200 OK\r\n\r\n", "not HTTP/1.0"),
                row("signed", "HTTP/1.1 +200 OK\r\n\r\n", "a status"),
                row("negative", "HTTP/1.1 -1 OK\r\n\r\n", "a status"),
                row("four digits", "HTTP/1.1 2000 OK\r\n\r\n", "a status"),
                row("two digits", "HTTP/1.1 20 OK\r\n\r\n", "a status"),
                row("blank inside", "HTTP/1.1 2 0 OK\r\n\r\n", "a status"),
                row("two blanks", "HTTP/1.1  200 OK\r\n\r\n", "a status"),
                row("full-width digits", "HTTP/1.1 \u00ef\u00bc\u0092\u00ef\u00bc\u0090 OK\r\n\r\n", "a status"),
                row("glued reason", "HTTP/1.1 200OK\r\n\r\n", "a status"),
                row("000", "HTTP/1.1 000 X\r\n\r\n", "a status"),
                row("099", "HTTP/1.1 099 X\r\n\r\n", "a status"),
                row("600", "HTTP/1.1 600 X\r\n\r\n", "a status"),
                row("999", "HTTP/1.1 999 X\r\n\r\n", "a status"),
                row("101", "HTTP/1.1 101 Switching\r\n\r\n", "101"),
                row("CR in a value", OK + "X: a\rb\r\n\r\n", "carriage return"),
                row("CR CR LF", OK + "X: a\r\r\n\r\n", "carriage return"),
                row("CR first", "\rHTTP/1.1 200 OK\r\n\r\n", "carriage return"),
                row("NUL in a name", OK + "X\u0000: a\r\n\r\n", "control character"),
                row("NUL in a value", OK + "X: \u0000\r\n\r\n", "control character"),
                row("control in a value", OK + "X: \u0001\r\n\r\n", "control character"),
                row("DEL in a value", OK + "X: \u007f\r\n\r\n", "control character"),
                row("control in the reason", "HTTP/1.1 200 O\u001bK\r\n\r\n", "control character"),
                row("begins with a fold", OK + " X: a\r\n\r\n", "begins with a blank"),
                row("blank before colon", OK + "Name : v\r\n\r\n", "blank in its name"),
                row("no colon", OK + "abc\r\n\r\n", "without a name"),
                row("empty name", OK + ": v\r\n\r\n", "without a name"),
                row("three empty lines", "\r\n\r\n\r\n" + OK + "\r\n", "empty lines"),
                row("nine interim answers", "HTTP/1.1 102 P\r\n\r\n".repeat(9), "interim"));
    }

    static Stream<Arguments> tooLarge() {
        return Stream.of(
                row("status line", "HTTP/1.1 200 " + "x".repeat(4096 - 12) + "\r\n\r\n", "status line"),
                row("field", OK + "X: " + "x".repeat(33 << 10), "32768"),
                row("101 fields", OK + "X: y\r\n".repeat(101) + "\r\n", "100 header fields"),
                row(
                        "fat interim answers",
                        ("HTTP/1.1 102 P\r\nX: " + "x".repeat(8100) + "\r\n\r\n").repeat(5),
                        "32768"),
                row("50 folds", OK + "X: a\r\n" + " b\r\n".repeat(50) + "\r\n", "folded"));
    }

    private static Arguments row(String name, String wire, Object expected) {
        return Arguments.of(name, wire, expected);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("complete")
    void readsTheStatusAndStopsBehindTheHead(String name, String wire, int status) {
        for (List<byte[]> pieces : everyCut(wire + TAIL)) {
            ConnectResponseParser parser = new ConnectResponseParser();
            StringBuilder rest = new StringBuilder();
            assertEquals(Outcome.COMPLETE, feed(parser, pieces, rest));
            assertEquals(status, parser.response().status());
            assertEquals(TAIL, rest.toString());
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void refusesWhatIsNoHttpAnswer(String name, String wire, String fault) {
        for (List<byte[]> pieces : everyCut(wire)) {
            ConnectResponseParser parser = new ConnectResponseParser();
            assertEquals(Outcome.MALFORMED, feed(parser, pieces, new StringBuilder()));
            assertTrue(parser.fault().contains(fault), parser.fault());
        }
    }

    /** Skipped by another reader, so that two of them disagreed about what is an answer (CVE-2026-50020); only empty lines may be. */
    @Test
    void skipsNoControlCharacterBeforeAnAnswer() {
        for (char control = 0; control < ' '; control++) {
            for (String before : List.of("" + control, "\r\n" + control)) {
                for (List<byte[]> pieces : everyCut(before + OK + "\r\n")) {
                    ConnectResponseParser parser = new ConnectResponseParser();
                    assertEquals(
                            control == '\n' ? Outcome.COMPLETE : Outcome.MALFORMED,
                            feed(parser, pieces, new StringBuilder()),
                            "0x" + Integer.toHexString(control));
                }
            }
        }
    }

    /** P30: the parts of a proxy's answer. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("tooLarge")
    void refusesWhatIsTooLarge(String name, String wire, String fault) {
        for (List<byte[]> pieces : everyCut(wire)) {
            ConnectResponseParser parser = new ConnectResponseParser();
            assertEquals(Outcome.TOO_LARGE, feed(parser, pieces, new StringBuilder()));
            assertTrue(parser.fault().contains(fault), parser.fault());
        }
    }

    @Test
    void takesAHundredFieldsInThirtyKilobytes() {
        String wire = OK + ("X-Field: " + "x".repeat(290) + "\r\n").repeat(100) + "\r\n";
        ConnectResponseParser parser = new ConnectResponseParser();
        assertEquals(Outcome.COMPLETE, feed(parser, List.of(bytes(wire)), new StringBuilder()));
        assertEquals(100, parser.response().values("x-field").size());
    }

    /** P30: the head of a proxy's answer, at the limit and one byte beyond. */
    @Test
    void countsEveryByteOfTheHeadAgainstItsLimit() {
        int frame = OK.length() + "X: \r\n\r\n".length();
        String fits = OK + "X: " + "x".repeat(ConnectResponseParser.MAX_HEAD - frame) + "\r\n\r\n";
        assertEquals(Outcome.COMPLETE, feed(new ConnectResponseParser(), List.of(bytes(fits)), new StringBuilder()));
        String over = OK + "X: " + "x".repeat(ConnectResponseParser.MAX_HEAD - frame + 1) + "\r\n\r\n";
        assertEquals(Outcome.TOO_LARGE, feed(new ConnectResponseParser(), List.of(bytes(over)), new StringBuilder()));
    }

    @Test
    void stopsReadingAnEndlessHead() {
        ConnectResponseParser parser = new ConnectResponseParser();
        ByteBuf field = Unpooled.wrappedBuffer(bytes("a: b\n"));
        parser.feed(Unpooled.wrappedBuffer(bytes(OK)));
        int fields = 0;
        while (parser.feed(field.resetReaderIndex()) == Outcome.INCOMPLETE) {
            fields++;
        }
        assertEquals(ConnectResponseParser.MAX_FIELDS, fields);
    }

    @Test
    void waitsForTheLastLineFeed() {
        ConnectResponseParser parser = new ConnectResponseParser();
        assertEquals(Outcome.INCOMPLETE, feed(parser, List.of(bytes(OK + "X: y\r\n\r")), new StringBuilder()));
        assertTrue(parser.hasBegun());
    }

    @Test
    void joinsFoldsAndTrimsValues() {
        ConnectResponseParser parser = new ConnectResponseParser();
        String wire = OK + "Proxy-Authenticate: \t Digest a=1,\r\n\t b=2 \r\nPROXY-AUTHENTICATE:Basic\r\n\r\n";
        feed(parser, List.of(bytes(wire)), new StringBuilder());
        assertEquals(List.of("Digest a=1, b=2", "Basic"), parser.response().values("proxy-authenticate"));
    }

    @Test
    void forgetsTheFieldsOfInterimAnswers() {
        ConnectResponseParser parser = new ConnectResponseParser();
        feed(parser, List.of(bytes("HTTP/1.1 103 E\r\nX: y\r\n\r\n" + OK + "\r\n")), new StringBuilder());
        assertEquals(List.of(), parser.response().fields());
    }

    @Test
    void showsTheWholeBadStatusLineAndNoMore() {
        ConnectResponseParser parser = new ConnectResponseParser();
        feed(parser, List.of(bytes("ICY 200 OK\r\nsecret: x\r\n")), new StringBuilder());
        assertEquals("ICY 200 OK", parser.badStatusLine());
    }

    @Test
    void showsNothingOfABadField() {
        ConnectResponseParser parser = new ConnectResponseParser();
        feed(parser, List.of(bytes(OK + "secret\r\n")), new StringBuilder());
        assertEquals("", parser.badStatusLine());
    }

    private static Outcome feed(ConnectResponseParser parser, List<byte[]> pieces, StringBuilder rest) {
        Outcome outcome = Outcome.INCOMPLETE;
        for (byte[] piece : pieces) {
            ByteBuf bytes = Unpooled.wrappedBuffer(piece);
            if (outcome == Outcome.INCOMPLETE) {
                outcome = parser.feed(bytes);
            }
            rest.append(bytes.toString(StandardCharsets.ISO_8859_1));
        }
        return outcome;
    }

    /** Whole, byte by byte, and in two at every index; large answers at a sample of the indexes. */
    private static List<List<byte[]>> everyCut(String wire) {
        byte[] all = bytes(wire);
        List<List<byte[]>> cuts = new ArrayList<>();
        cuts.add(List.of(all));
        List<byte[]> single = new ArrayList<>();
        for (byte b : all) {
            single.add(new byte[] {b});
        }
        cuts.add(single);
        int step = all.length > 2000 ? 499 : 1;
        for (int at = 1; at < all.length; at += step) {
            cuts.add(List.of(Arrays.copyOf(all, at), Arrays.copyOfRange(all, at, all.length)));
        }
        return cuts;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
