// SPDX-License-Identifier: Apache-2.0
package io.upstream.trace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScannersTest {
    private static final String CANARY = "canary-SharedAccessSignature-sig";

    private static List<String> lines(Function<Scanner.Sink, Scanner> made, ByteBuf stream, int cut) {
        List<String> lines = new ArrayList<>();
        Scanner scanner = made.apply(lines::add);
        for (int at = 0; at < stream.readableBytes(); at += cut) {
            ByteBuf piece = stream.slice(at, Math.min(cut, stream.readableBytes() - at));
            int readable = piece.readableBytes();
            scanner.scan(piece);
            assertEquals(readable, piece.readableBytes(), "indices are left alone");
        }
        return lines;
    }

    private static void assertLines(List<String> expected, Function<Scanner.Sink, Scanner> made, ByteBuf stream) {
        for (int cut = 1; cut <= stream.readableBytes(); cut++) {
            assertEquals(expected, lines(made, stream, cut), "cut after each " + cut);
        }
    }

    private static ByteBuf hex(String digits) {
        return Unpooled.wrappedBuffer(ByteBufUtil.decodeHexDump(digits.replace(" ", "")));
    }

    private static ByteBuf text(String latin) {
        return Unpooled.copiedBuffer(latin, ISO_8859_1);
    }

    @Test
    void readsMqttPacketsWhereverTheyAreCut() {
        String connect = "10 1c 00044d515454 04 c2 00f0 0003646576 0004 75736572 0005 746f6b656e";
        String publish = "32 0b 0004 612f622f 0007 686579"; // id 7, QoS 1
        assertLines(
                List.of(
                        "MQTT CONNECT level=4 clean=1 keep-alive=240 s user password, 30 B",
                        "MQTT CONNACK code=0 session-present=1, 4 B",
                        "MQTT PUBLISH id=7 qos=1 topic of 4 B, 13 B",
                        "MQTT PUBLISH id=7 qos=1 dup topic of 4 B, 13 B",
                        "MQTT PUBACK id=7, 4 B",
                        "MQTT SUBACK id=9 code=128, 5 B",
                        "MQTT PINGREQ, 2 B",
                        "MQTT DISCONNECT, 2 B"),
                MqttScanner::new,
                hex(connect + "20020100" + publish + publish.replace("32 0b", "3a 0b") + "40020007" + "9003000980"
                        + "c000" + "e000"));
    }

    @Test
    void readsAmqpFramesWhereverTheyAreCut() {
        assertLines(
                List.of(
                        "AMQP protocol header, protocol 3, version 1.0.0",
                        "SASL outcome code=0, 16 B",
                        "AMQP channel=2 transfer handle=0 delivery=5, 20 B",
                        "AMQP channel=2 disposition receiver=true first=5 last=5 settled=true, 21 B",
                        "AMQP channel=0 empty frame, 8 B",
                        "AMQP channel=1 close, 12 B"),
                AmqpScanner::new,
                hex("414d515003010000" + "00000010 02010000 005344c0 03015000"
                        + "00000014 02000002 005314c0 0702 43 5205 a0 0141"
                        + "00000015 02000002 005315c0 0804 41 5205 5205 41 24" + "00000008 02000000"
                        + "0000000c 02000001 00531845"));
    }

    @Test
    void readsTheUpgradeAndTheFramesWhereverTheyAreCut() {
        ByteBuf stream = Unpooled.wrappedBuffer(
                text("GET /$iothub/websocket?sig=" + CANARY + " HTTP/1.1\r\nAuthorization: " + CANARY + "\r\n\r\n"),
                hex("8283 01020304 aabbcc" + "827e0080" + "00".repeat(128) + "8902 6869" + "0a00"));
        assertLines(
                List.of(
                        "WebSocket GET /$iothub/websocket?...",
                        "WebSocket binary fin masked, 3 B",
                        "WebSocket binary fin, 128 B",
                        "WebSocket ping fin, 2 B",
                        "WebSocket pong more, 0 B"),
                WebSocketScanner::new,
                stream);
    }

    @Test
    void showsOfATunnelNothingButFirstLines() {
        List<String> lines = new ArrayList<>();
        Scanner scanner = new TunnelScanner(lines::add);
        scanner.scan(text("CONNECT h:443 HTTP/1.1\r\nProxy-Authorization: Basic " + CANARY + "\r\n\r\n"));
        scanner.scan(text("HTTP/1.1 407 " + CANARY + "\r\nX: " + CANARY + "\r\n\r\n"));
        scanner.scan(text(CANARY));
        assertEquals(List.of("tunnel CONNECT h:443", "tunnel HTTP/1.1 407"), lines);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "HTTP/1.1 200 OK|HTTP/1.1 200",
                "HTTP/1.1 200|HTTP/1.1 200",
                "HTTP/canary 200 OK|a response of no known form",
                "HTTP/1.1 secret|a response of no known form",
                "GET http://user:canary@h/p?q=canary HTTP/1.1|GET h/p?...",
                "canary|a request of no known form",
                "canary canary|a request of no known form",
            })
    void aFirstLineShowsNoTextOfThePeer(String line, String shown) {
        assertEquals(shown, HttpHead.firstLine(line));
    }

    /** P37: the wire trace. */
    @Test
    void controlCharactersOfAPeerReachNoLine() {
        List<String> lines =
                lines(WebSocketScanner::new, text("GET /\u001b[31m\u0007\u0085\u00ff HTTP/1.1\nX: y\n\n"), 3);
        assertEquals(1, lines.size());
        assertTrue(lines.get(0).chars().allMatch(c -> c >= ' ' && c < 0x7F), lines.get(0));
    }

    @Test
    void garbageIsGivenUpAndNeverThrows() {
        Random random = new Random(7);
        for (int round = 0; round < 2_000; round++) {
            byte[] bytes = new byte[random.nextInt(300)];
            random.nextBytes(bytes);
            for (Function<Scanner.Sink, Scanner> made : List.<Function<Scanner.Sink, Scanner>>of(
                    MqttScanner::new, AmqpScanner::new, WebSocketScanner::new, TunnelScanner::new)) {
                for (String line : lines(made, Unpooled.wrappedBuffer(bytes), 1 + random.nextInt(50))) {
                    assertFalse(line.chars().anyMatch(c -> c < ' ' || c == 0x7F), line);
                }
            }
        }
    }
}
