// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.connect.PipelineNames;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebSocketStageTest {
    @Test
    void asksInTheFormOfTheRfcAndForNothingElse() {
        try (StageFixture stage = new StageFixture()) {
            List<String> lines = stage.request().lines().toList();
            assertEquals(
                    List.of(
                            "GET /$iothub/websocket?iothub-no-client-cert=true HTTP/1.1",
                            "Host: hub.test",
                            "Upgrade: websocket",
                            "Connection: Upgrade",
                            "Sec-WebSocket-Key: " + stage.key(),
                            "Sec-WebSocket-Version: 13",
                            "Sec-WebSocket-Protocol: mqtt",
                            "User-Agent: upstream",
                            ""),
                    lines);
            assertTrue(stage.request().endsWith("\r\n\r\n"));
            assertEquals(16, Base64.getDecoder().decode(stage.key()).length);
        }
    }

    @Test
    void drawsAFreshKeyForEachAttempt() {
        try (StageFixture first = new StageFixture();
                StageFixture second = new StageFixture()) {
            assertNotEquals(first.key(), second.key());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "hub.test, 443, hub.test",
        "hub.test, 8443, hub.test:8443",
        "hub.test., 443, hub.test",
        "bücher.test, 443, xn--bcher-kva.test",
        "127.0.0.1, 80, 127.0.0.1:80",
        "::1, 443, [::1]",
        "::1, 80, [::1]:80",
    })
    void namesTheHostAndThePortWhenItIsNot443(String host, int port, String field) {
        try (StageFixture stage = new StageFixture(new HostPort(host, port))) {
            assertTrue(stage.request().contains("\r\nHost: " + field + "\r\n"), stage::request);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "x", "/a b", "/a\r\nX: y", "/a#b", "/ü", "/\0", "http://hub/a"})
    void refusesAPathThatBreaksOutOfItsLine(String path) {
        HostPort target = new HostPort("hub.test", 443);
        assertThrows(IllegalArgumentException.class, () -> new WebSocketStage(target, path, "mqtt"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a,b", "mqtt\r\nX: y", "ü", "a:b"})
    void refusesASubprotocolThatIsNoToken(String subprotocol) {
        HostPort target = new HostPort("hub.test", 443);
        assertThrows(IllegalArgumentException.class, () -> new WebSocketStage(target, "/", subprotocol));
    }

    static Stream<Arguments> accepted() {
        return Stream.of(
                row("as the RFC has it", StageFixture.OK),
                row("no reason", StageFixture.OK.replace(" Switching Protocols", "")),
                row("space but no reason", StageFixture.OK.replace("Switching Protocols", "")),
                row("other reason", StageFixture.OK.replace("Switching", "Web Socket")),
                row(
                        "names and values in other case",
                        StageFixture.OK
                                .replace("Upgrade: websocket", "UPGRADE: WebSocket")
                                .replace("Connection: Upgrade", "connection: upgrade")
                                .replace("Sec-WebSocket-A", "sec-websocket-a")),
                row(
                        "no space, much space",
                        StageFixture.OK.replace("Upgrade: w", "Upgrade:w").replace("Accept: ", "Accept: \t ")),
                row("Connection is a list", StageFixture.OK.replace("Connection: ", "Connection: keep-alive, ")),
                row(
                        "Connection is two fields",
                        StageFixture.OK.replace("Connection: ", "Connection: keep-alive\r\nConnection: ")),
                row("folded", StageFixture.OK.replace("Accept: ", "Accept:\r\n \t")),
                row("folded list", StageFixture.OK.replace("Connection: ", "Connection: keep-alive,\r\n ")),
                row("bare line feeds", StageFixture.OK.replace("\r\n", "\n")),
                row(
                        "content length, ignored",
                        StageFixture.OK.replace("Connection", "Content-Length: 5\r\nConnection")),
                row(
                        "empty extension field",
                        StageFixture.OK.replace("Connection", "Sec-WebSocket-Extensions:\r\nConnection")),
                row("100 before", "HTTP/1.1 100 Continue\r\n\r\n" + StageFixture.OK),
                row(
                        "102 and 103 before",
                        "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
                                + StageFixture.OK),
                row("eight interim ones", "HTTP/1.1 100 Continue\r\n\r\n".repeat(8) + StageFixture.OK),
                row("header of 8 KiB", StageFixture.padded(8 * 1024)));
    }

    /** P30: a head of 8 KiB. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("accepted")
    void opensOnARightAnswer(String name, String response) {
        try (StageFixture stage = new StageFixture()) {
            stage.answer(response);
            stage.assertOpen();
        }
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("accepted")
    void opensOnARightAnswerThatComesByteByByte(String name, String response) {
        try (StageFixture stage = new StageFixture()) {
            stage.answerByteByByte(response);
            stage.assertOpen();
        }
    }

    static Stream<Arguments> statuses() {
        return Stream.of(
                refused("200 OK", FailureKind.WS_REJECTED, "a web page answers at path /$iothub/websocket"),
                refused("204 No Content", FailureKind.WS_REJECTED, "a web page answers"),
                refused(
                        "301 Moved Permanently",
                        FailureKind.WS_REJECTED,
                        " to https://login.test/ask: redirects are not followed"),
                refused("302 Found", FailureKind.WS_REJECTED, "redirects are not followed"),
                refused("307 Temporary Redirect", FailureKind.WS_REJECTED, "redirects are not followed"),
                refused(
                        "400 Bad Request",
                        FailureKind.WS_REJECTED,
                        "does not offer WebSocket at path /$iothub/websocket: check host and path"),
                refused("401 Unauthorized", FailureKind.UNAUTHORIZED, "check the credentials"),
                refused(
                        "403 Forbidden",
                        FailureKind.WS_REJECTED,
                        "does not offer WebSocket at path /$iothub/websocket: check host and path"),
                refused(
                        "404 Not Found",
                        FailureKind.WS_REJECTED,
                        "does not offer WebSocket at path /$iothub/websocket: check host and path"),
                refused(
                        "407 Proxy Authentication Required",
                        FailureKind.PROXY_AUTH,
                        "a proxy that intercepts the way to hub hub.test:443"),
                refused("426 Upgrade Required", FailureKind.WS_REJECTED, "another version of WebSocket"),
                refused("429 Too Many Requests", FailureKind.THROTTLED, "come back after 30"),
                refused("500 Internal Server Error", FailureKind.SERVER_ERROR, "500 Internal Server Error"),
                refused("502 Bad Gateway", FailureKind.SERVER_ERROR, "502 Bad Gateway"),
                refused("503 Service Unavailable", FailureKind.THROTTLED, "come back after 30"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("statuses")
    void failsByTheStatus(String status, FailureKind kind, String words) {
        String head = "HTTP/1.1 " + status
                + "\r\nLocation: https://login.test/ask?secret=1\r\nRetry-After: 30\r\nContent-Length: 100000\r\n\r\n";
        for (String version : List.of("1.0", "1.1")) {
            try (StageFixture stage = new StageFixture()) {
                stage.answer(head.replace("1.1", version) + "<html>");
                String message = stage.assertFailed(kind);
                assertEquals(kind == FailureKind.THROTTLED, stage.retryAfter().equals(Duration.ofSeconds(30)));
                assertTrue(message.contains(status), message);
                assertTrue(message.contains(words), message);
                assertFalse(message.contains("secret") || message.contains("no-client-cert"), message);
                stage.answer("x".repeat(100_000)); // the rest of the page goes nowhere
            }
        }
    }

    @Test
    void takes503WithoutRetryAfterForAFaultOfTheServer() {
        try (StageFixture stage = new StageFixture()) {
            stage.answer("HTTP/1.1 503 Service Unavailable\r\n\r\n");
            stage.assertFailed(FailureKind.SERVER_ERROR);
        }
    }

    static Stream<Arguments> broken() {
        String ok = StageFixture.OK;
        return Stream.of(
                wrong("no Upgrade", ok.replace("Upgrade: websocket\r\n", ""), FailureKind.PROTOCOL, "switched to none"),
                wrong("other Upgrade", ok.replace(": websocket", ": h2c"), FailureKind.PROTOCOL, "switched to 'h2c'"),
                wrong(
                        "two Upgrades",
                        ok.replace("Upgrade: w", "Upgrade: h2c\r\nUpgrade: w"),
                        FailureKind.PROTOCOL,
                        "switched to 'h2c', 'websocket'"),
                wrong(
                        "no Connection",
                        ok.replace("Connection: Upgrade\r\n", ""),
                        FailureKind.PROTOCOL,
                        "with Connection none"),
                wrong(
                        "other Connection",
                        ok.replace(": Upgrade", ": close"),
                        FailureKind.PROTOCOL,
                        "with Connection 'close'"),
                wrong(
                        "no Accept",
                        ok.replace("Sec-WebSocket-Accept", "X"),
                        FailureKind.PROTOCOL,
                        "no Sec-WebSocket-Accept"),
                wrong(
                        "wrong Accept",
                        ok.replace("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
                        FailureKind.PROTOCOL,
                        "a wrong Sec-WebSocket-Accept"),
                wrong(
                        "Accept in other case",
                        ok.replace("{accept}", "{ACCEPT}"),
                        FailureKind.PROTOCOL,
                        "a wrong Sec-WebSocket-Accept"),
                wrong(
                        "Accept with a space in it",
                        ok.replace("{accept}", "{accept} x"),
                        FailureKind.PROTOCOL,
                        "a wrong Sec-WebSocket-Accept"),
                wrong(
                        "two Accepts",
                        ok.replace("Sec-WebSocket-Acc", "Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Acc"),
                        FailureKind.PROTOCOL,
                        "a wrong Sec-WebSocket-Accept"),
                wrong(
                        "extension not offered",
                        ok.replace("Conn", "Sec-WebSocket-Extensions: permessage-deflate\r\nConn"),
                        FailureKind.PROTOCOL,
                        "'permessage-deflate', which was not offered"),
                wrong("HTTP/1.0", ok.replace("1.1", "1.0"), FailureKind.PROTOCOL, "HTTP/1.0"),
                wrong(
                        "no subprotocol",
                        ok.replace("Sec-WebSocket-Protocol: mqtt\r\n", ""),
                        FailureKind.WS_REJECTED,
                        "asked for the subprotocol 'mqtt' at path /$iothub/websocket and answered none"),
                wrong(
                        "other subprotocol",
                        ok.replace("mqtt", "AMQPWSB10"),
                        FailureKind.WS_REJECTED,
                        "and answered 'AMQPWSB10'"),
                wrong(
                        "subprotocol in other case",
                        ok.replace("mqtt", "MQTT"),
                        FailureKind.WS_REJECTED,
                        "and answered 'MQTT'"),
                wrong(
                        "two subprotocols",
                        ok.replace("mqtt", "mqtt\r\nSec-WebSocket-Protocol: mqtt"),
                        FailureKind.WS_REJECTED,
                        "and answered 'mqtt', 'mqtt'"),
                wrong(
                        "subprotocol is a list",
                        ok.replace("mqtt", "mqtt, x"),
                        FailureKind.WS_REJECTED,
                        "and answered 'mqtt, x'"),
                wrong("empty subprotocol", ok.replace("mqtt", ""), FailureKind.WS_REJECTED, "and answered ''"));
    }

    /** P30: a head of 8 KiB and one byte. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("broken")
    void refusesAnAnswerThatIsNotWhatWasAskedFor(String name, String response, FailureKind kind, String words) {
        try (StageFixture stage = new StageFixture()) {
            stage.answer(response);
            String message = stage.assertFailed(kind);
            assertTrue(message.startsWith("hub hub.test:443 ") && message.contains(words), message);
            stage.answer("\u0082\u0001x"); // and nothing of what follows is passed on
        }
    }

    static Stream<Arguments> malformed() {
        return Stream.of(
                garbled("another protocol", "SSH-2.0-OpenSSH_9.2\r\n", "'SSH-2.0-OpenSSH_9.2..'"),
                garbled("binary", "\0\u0001\u00ff\u001b[31m", "'....[31m'"),
                garbled("HTTP/2", "HTTP/2 101\r\n", "'HTTP/2 101..'"),
                garbled("HTTP/1.2", "HTTP/1.2 101 x\r\n", "status line"),
                garbled("lower case", "http/1.1 101 x\r\n", "does not begin"),
                garbled("empty line first", "\r\nHTTP/1.1 101 x\r\n", "does not begin"),
                garbled("two digits", "HTTP/1.1 10 x\r\n", "status line"),
                garbled("four digits", "HTTP/1.1 1010 x\r\n", "status line"),
                garbled("no digits", "HTTP/1.1 abc x\r\n", "status line"),
                garbled("status 099", "HTTP/1.1 099 x\r\n", "status line"),
                garbled("status 600", "HTTP/1.1 600 x\r\n", "status line"),
                garbled("two spaces", "HTTP/1.1  101 x\r\n", "status line"),
                garbled("tab", "HTTP/1.1\t101 x\r\n", "status line"),
                garbled("control character in the reason", "HTTP/1.1 101 a\rb\r\n", "'HTTP/1.1 101 a.b'"),
                garbled("NUL in a value", "HTTP/1.1 101 x\r\nA: \0\r\n", "control characters"),
                garbled("no colon", "HTTP/1.1 101 x\r\nabc\r\n", "header is broken: 'abc'"),
                garbled("no name", "HTTP/1.1 101 x\r\n: abc\r\n", "header is broken"),
                garbled("space before the colon", "HTTP/1.1 101 x\r\nUpgrade : websocket\r\n", "header is broken"),
                garbled("fold first", "HTTP/1.1 101 x\r\n A: b\r\n", "begins with a folded line"),
                garbled(
                        "nine interim ones",
                        "HTTP/1.1 100 x\r\n\r\n".repeat(9) + StageFixture.OK,
                        "more than 8 interim"),
                garbled("header over 8 KiB", StageFixture.padded(8 * 1024 + 1), "over 8192 bytes"),
                garbled("endless status line", "HTTP/1.1 101 " + "x".repeat(9_000), "over 8192 bytes"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("malformed")
    void refusesWhatIsNotHttpAndShowsItsBeginning(String name, String response, String words) {
        try (StageFixture stage = new StageFixture()) {
            stage.answer(response);
            String message = stage.assertFailed(FailureKind.PROTOCOL);
            assertTrue(message.contains(words), message);
            assertTrue(message.length() < 250 && message.chars().allMatch(c -> c >= ' ' && c < 0x7F), message);
        }
        try (StageFixture stage = new StageFixture()) {
            stage.answerByteByByte(response);
            stage.assertFailed(FailureKind.PROTOCOL);
        }
    }

    /** Another reader skipped them (CVE-2026-50020). */
    @Test
    void skipsNoControlCharacterBeforeTheAnswer() {
        for (char control = 0; control < ' '; control++) {
            try (StageFixture stage = new StageFixture()) {
                stage.answer(control + StageFixture.OK);
                stage.assertFailed(FailureKind.PROTOCOL);
            }
        }
    }

    @Test
    void tellsWhenTheServerLeavesInsteadOfAnswering() {
        try (StageFixture stage = new StageFixture()) {
            stage.channel.close();
            assertTrue(
                    stage.assertFailed(FailureKind.CLOSED_BY_PEER).contains("without answering the WebSocket upgrade"));
        }
        try (StageFixture stage = new StageFixture()) {
            stage.answer("HTTP/1.1 101 Sw");
            stage.channel.close();
            assertTrue(stage.assertFailed(FailureKind.CLOSED_BY_PEER).contains("in the middle of its answer"));
        }
    }

    @Test
    void translatesAnErrorOfTheSocket() {
        try (StageFixture stage = new StageFixture()) {
            stage.channel.pipeline().fireExceptionCaught(new java.io.IOException("Connection reset by peer"));
            stage.assertFailed(FailureKind.RESET);
        }
    }

    @Test
    void failsWhenTheChannelIsClosedAlready() {
        try (StageFixture stage = StageFixture.onClosedChannel()) {
            stage.assertFailed(FailureKind.CLOSED_BY_PEER);
        }
    }

    /** Whatever place the bytes are cut at: the layer above is there in time and gets what came with the 101. */
    @Test
    void keepsBytesThatFollowTheAnswer() {
        int length = StageFixture.okLength() + 7;
        for (int cut = 0; cut <= length; cut++) {
            try (StageFixture stage = new StageFixture()) {
                stage.answerCut(StageFixture.OK, ServerFrames.binary(ServerFrames.ascii("glued")), cut);
                stage.assertOpen();
                assertEquals("glued", stage.received());
            }
        }
    }

    @Test
    void leavesOnlyTheFramesInThePipeline() {
        try (StageFixture stage = new StageFixture()) {
            assertTrue(stage.channel.pipeline().names().contains(PipelineNames.WEBSOCKET_UPGRADE));
            assertFalse(stage.channel.pipeline().names().contains(PipelineNames.WEBSOCKET_FRAMES));
            stage.answer(StageFixture.OK);
            assertFalse(stage.channel.pipeline().names().contains(PipelineNames.WEBSOCKET_UPGRADE));
            assertTrue(stage.channel.pipeline().names().contains(PipelineNames.WEBSOCKET_FRAMES));
        }
    }

    private static Arguments row(String name, String response) {
        return Arguments.of(name, response);
    }

    private static Arguments refused(String status, FailureKind kind, String words) {
        return Arguments.of(status, kind, words);
    }

    private static Arguments wrong(String name, String response, FailureKind kind, String words) {
        return Arguments.of(name, response, kind, words);
    }

    private static Arguments garbled(String name, String response, String words) {
        return Arguments.of(name, response, words);
    }
}
