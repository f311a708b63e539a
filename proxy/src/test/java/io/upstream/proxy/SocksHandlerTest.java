// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Every turn of the dialogues in hexadecimal, every segmentation, every refusal. */
class SocksHandlerTest {
    private static final HostPort HUB = new HostPort("hub.test", 8883);
    private static final Where WHERE = new Where("socks", "proxy p.test:1080");
    private static final UserPassword USER = new UserPassword("u", "pw");
    private static final String METHODS = "05020002";
    private static final String LOGIN = "0101750270" + "77";
    private static final String REQUEST = "0501000308" + "6875622e74657374" + "22b3";
    private static final String OPEN = "05000001" + "00000000" + "0000";

    private final CompletableFuture<Void> established = new CompletableFuture<>();
    private EmbeddedChannel channel;

    @AfterEach
    void close() {
        if (channel != null) {
            channel.finishAndReleaseAll();
        }
    }

    private void begin(SocksDialogue dialogue) {
        channel = new EmbeddedChannel();
        channel.pipeline().addLast("socks", new SocksHandler(dialogue, texts(), established));
    }

    private static SocksTexts texts() {
        return new SocksTexts(WHERE, HUB, true);
    }

    private static SocksDialogue version5(HostPort target, UserPassword user) {
        return new Socks5Dialogue(SocksAddress.of(target), user, texts());
    }

    private static SocksDialogue version4(HostPort target, String user) {
        return new Socks4Dialogue(SocksAddress.of(target), user, texts());
    }

    private void hear(String hex) {
        channel.writeInbound(Unpooled.wrappedBuffer(HexFormat.of().parseHex(hex)));
    }

    private String said() {
        StringBuilder all = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            all.append(ByteBufUtil.hexDump(out));
            out.release();
        }
        return all.toString();
    }

    private UpstreamException failure() {
        assertTrue(established.isDone());
        return (UpstreamException)
                assertThrows(ExecutionException.class, established::get).getCause();
    }

    @Test
    void logsInAndAsksForTheName() {
        begin(version5(HUB, USER));
        assertEquals(METHODS, said());
        hear("0502");
        assertEquals(LOGIN, said());
        hear("0100");
        assertEquals(REQUEST, said());
        hear(OPEN);
        assertTrue(established.isDone() && !established.isCompletedExceptionally());
        assertNull(channel.pipeline().get("socks"));
    }

    @Test
    void needsNoLoginWhereTheProxyWantsNone() {
        begin(version5(HUB, USER));
        said();
        hear("0500");
        assertEquals(REQUEST, said());
    }

    @Test
    void offersOnlyWhatItHas() {
        begin(version5(HUB, null));
        assertEquals("050100", said());
        hear("0502");
        assertEquals(FailureKind.PROTOCOL, failure().kind());
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.7, 05010001c000020722b3",
        "2001:db8::1, 0501000420010db800000000000000000000000122b3",
        "Bücher.test, 050100031278 6e2d2d62636865722d6b76612e74657374 22b3",
    })
    void writesEachKindOfAddress(String host, String expected) {
        begin(version5(new HostPort(host, 8883), null));
        said();
        hear("0500");
        assertEquals(expected.replace(" ", ""), said());
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.7, '', 040122b3c000020700",
        "192.0.2.7, bob, 040122b3c0000207626f6200",
        "hub.test, '', 040122b30000000100 6875622e7465737400",
        "hub.test, bob, 040122b300000001626f6200 6875622e7465737400",
    })
    void asksInVersion4(String host, String user, String expected) {
        begin(version4(new HostPort(host, 8883), user));
        assertEquals(expected.replace(" ", ""), said());
        hear("005a000000000000");
        assertFalse(established.isCompletedExceptionally());
        assertTrue(established.isDone());
    }

    /** The answers of a whole dialogue cut at every place, and octet by octet. */
    @ParameterizedTest
    @CsvSource({
        "05000001000000000000",
        "0500000400000000000000000000000000000000 0000",
        "05000003 03 616263 0000",
        "05000003 00 0000",
    })
    void hearsAnAnswerInAnySegments(String answer) {
        String open = answer.replace(" ", "");
        for (int cut = 2; cut < open.length(); cut += 2) {
            EmbeddedChannel each = new EmbeddedChannel();
            CompletableFuture<Void> outcome = new CompletableFuture<>();
            each.pipeline().addLast(new SocksHandler(version5(HUB, USER), texts(), outcome));
            for (String part : List.of("05", "02", "01", "00", open.substring(0, cut), open.substring(cut))) {
                assertFalse(outcome.isDone());
                each.writeInbound(Unpooled.wrappedBuffer(HexFormat.of().parseHex(part)));
            }
            assertTrue(outcome.isDone() && !outcome.isCompletedExceptionally());
            each.finishAndReleaseAll();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "01, PROXY_UNREACHABLE, general failure",
        "02, PROXY_DENIED, not allowed by its rules",
        "03, PROXY_UNREACHABLE, network unreachable",
        "04, PROXY_UNREACHABLE, host unreachable",
        "05, PROXY_UNREACHABLE, connection refused",
        "06, PROXY_UNREACHABLE, time to live expired",
        "07, PROXY_DENIED, command not supported",
        "08, PROXY_DENIED, address type not supported",
        "09, PROTOCOL, unknown SOCKS reply 0x09",
        "ff, PROTOCOL, unknown SOCKS reply 0xFF",
    })
    void namesEachRefusalOfVersion5(String code, FailureKind kind, String text) {
        begin(version5(HUB, null));
        hear("0500");
        hear("05" + code); // some servers leave out the rest
        UpstreamException failure = failure();
        assertEquals(kind, failure.kind());
        assertEquals("socks", failure.stage());
        assertEquals("proxy p.test:1080", failure.hop());
        assertTrue(failure.getMessage().contains(text), failure.getMessage());
    }

    @ParameterizedTest
    @CsvSource({
        "5b, PROXY_UNREACHABLE, rejected or failed",
        "5c, PROXY_AUTH, ident",
        "5d, PROXY_AUTH, ident",
        "5e, PROTOCOL, unknown SOCKS 4 code 0x5E",
    })
    void namesEachRefusalOfVersion4(String code, FailureKind kind, String text) {
        begin(version4(HUB, ""));
        hear("00" + code + "000000000000");
        assertEquals(kind, failure().kind());
        assertTrue(failure().getMessage().contains(text), failure().getMessage());
    }

    /** The answers that come first, what then comes, the verdict. */
    @ParameterizedTest
    @CsvSource({
        "'', 05ff, PROXY_AUTH, takes neither",
        "0502, 0101, PROXY_AUTH, does not take these credentials",
        "0502, 0500, PROTOCOL, speaks SOCKS 5",
        "'', 485454502f312e3120343030, PROTOCOL, speaks HTTP: write http://",
        "'', 15030100020228, PROTOCOL, speaks TLS",
        "'', 005b, PROTOCOL, may speak SOCKS 4",
        "'', 99, PROTOCOL, does not speak SOCKS 5",
        "0500, 0500000700, PROTOCOL, no known type",
        "'', 050000, PROTOCOL, said more than it was asked",
        "0500, 0500000100000000000016, PROTOCOL, spoke before TLS",
    })
    void refusesWhatIsNotAnAnswer(String before, String then, FailureKind kind, String text) {
        begin(version5(HUB, USER));
        if (!before.isEmpty()) {
            hear(before);
        }
        hear(then);
        assertEquals(kind, failure().kind());
        assertTrue(failure().getMessage().contains(text), failure().getMessage());
        assertFalse(failure().getMessage().contains("pw"));
    }

    @Test
    void version4SaysThatItHearsVersion5OrHttp() {
        begin(version4(HUB, ""));
        hear("05ff");
        assertTrue(failure().getMessage().contains("speaks SOCKS 5"), failure().getMessage());
    }

    @ParameterizedTest
    @CsvSource({"'', without an answer", "05, in the middle of its answer"})
    void saysWhenTheProxyLeaves(String before, String text) {
        begin(version5(HUB, USER));
        if (!before.isEmpty()) {
            hear(before);
        }
        channel.close();
        assertEquals(FailureKind.CLOSED_BY_PEER, failure().kind());
        assertTrue(failure().getMessage().contains(text), failure().getMessage());
    }

    @Test
    void completesWhenItsHandlerIsRemoved() {
        begin(version5(HUB, USER));
        channel.pipeline().remove("socks");
        assertEquals(FailureKind.INTERNAL, failure().kind());
    }

    @Test
    void completesBeforeItLeaves() {
        begin(version4(HUB, ""));
        CompletableFuture<Boolean> there = new CompletableFuture<>();
        established.thenRun(() -> there.complete(channel.pipeline().get("socks") != null));
        hear("005a000000000000");
        assertTrue(there.join());
    }

    @Test
    void hasRoomFor255Octets() {
        Socks5Dialogue.check(new UserPassword("u".repeat(255), "ä".repeat(127)));
        for (UserPassword tooLong :
                Arrays.asList(new UserPassword("u".repeat(256), ""), new UserPassword("u", "ä".repeat(128)))) {
            IllegalArgumentException refused =
                    assertThrows(IllegalArgumentException.class, () -> Socks5Dialogue.check(tooLong));
            assertFalse(refused.getMessage().contains("ää"));
        }
    }
}
