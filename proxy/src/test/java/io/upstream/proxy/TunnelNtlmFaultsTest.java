// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import io.upstream.proxy.TunnelBench.Case;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What a proxy can get wrong in an NTLM challenge, over sockets; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelNtlmFaultsTest {
    private static final String ASKS = "HTTP/1.1 407 P\r\nProxy-Authenticate: NTLM";
    private static final String EMPTY = "\r\nContent-Length: 0\r\n\r\n";
    private static final String FIRST = "Proxy-Authorization: NTLM TlRMTVNTUAAB";
    private static final String LAST = "Proxy-Authorization: NTLM TlRMTVNTUAAD";
    private static final int FLAGS = NtlmFlags.OURS | NtlmFlags.TARGET_INFO;
    private static final byte[] END = new byte[4];

    private final TunnelBench bench = new TunnelBench(ProxyMemory::ofAllSchemes);

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    /** Answers the first message so; a last message opens the tunnel. */
    private static Dialogue challenging(String token) {
        return line -> {
            line.answer(ASKS + EMPTY);
            line.send(line.request().contains(FIRST) ? ASKS + " " + token + EMPTY : "not the first message");
            line.send(line.request().contains(LAST) ? ESTABLISHED : "not the last message");
            line.awaitEnd();
        };
    }

    private static Case bad(String name, byte[] message) {
        return bad(name, Base64.getEncoder().encodeToString(message));
    }

    private static Case bad(String name, String token) {
        return fails("F107 ntlm-bad-type2, " + name, FailureKind.PROTOCOL, "", token);
    }

    private static Case old(String name, int flags) {
        String token = Base64.getEncoder().encodeToString(type2(flags, END));
        return fails("F108 ntlm-type2-" + name, FailureKind.PROXY_AUTH, "too old", token);
    }

    private static Case fails(String name, FailureKind kind, String words, String token) {
        return row(Case.fails(name, kind, words, challenging(token))).over(1, 2);
    }

    private static Case row(Case row) {
        return row.by(ProxyAuthentication.builder()
                .userPassword(TunnelBench.LOGIN)
                .schemes("NTLM")
                .build());
    }

    static Stream<Case> challenges() {
        byte[] good = type2(FLAGS, END);
        return Stream.of(
                bad("not base64", "TlRM-TVN"),
                bad("short", Arrays.copyOf(good, 31)),
                bad("wrong signature", changed(good, 0, 'X')),
                bad("type 3", changed(good, 8, 3)),
                bad("attributes behind the end", changed(good, 44, 0x50)),
                bad("attributes of 65535 bytes", changed(changed(good, 40, 0xFF), 41, 0xFF)),
                bad("half a UTF-16 character", type2(FLAGS, hex("02000100 41 00000000"))),
                bad("attributes without an end", type2(FLAGS, hex("02000200 4100"))),
                bad("value behind the end", type2(FLAGS, hex("0200ff00 4100 00000000"))),
                old("no-targetinfo", FLAGS & ~NtlmFlags.TARGET_INFO),
                old("no-ESS", FLAGS & ~NtlmFlags.EXTENDED_SESSION_SECURITY),
                row(Case.opens(
                                "F107 ntlm-bad-type2, only the target's name lies outside",
                                challenging(Base64.getEncoder().encodeToString(named(good)))))
                        .over(1, 3));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("challenges")
    void judgesAChallengeHoweverItIsCut(Case row) throws Exception {
        bench.playSomeCuts(row, 160, 13);
    }

    /** The head of the answer is too long by then, whatever is in it; the dialogue is begun again once, as whenever it breaks off. */
    static Stream<Case> huge() {
        String token = Base64.getEncoder().encodeToString(type2(FLAGS, new byte[768 << 10]));
        Dialogue again = line -> {
            line.send(line.request().contains(FIRST) ? ASKS + " " + token + EMPTY : "not the first message");
            line.awaitEnd();
        };
        return Stream.of(row(Case.fails(
                        "F107 ntlm-bad-type2, 1 MB of base64",
                        FailureKind.PROTOCOL,
                        "32768",
                        challenging(token),
                        again))
                .over(2, 0));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("huge")
    void readsNoChallengeOfAnySize(Case row) throws Exception {
        bench.play(row);
    }

    private static byte[] type2(int flags, byte[] targetInfo) {
        return ByteBuffer.allocate(48 + targetInfo.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("NTLMSSP\0".getBytes(StandardCharsets.US_ASCII))
                .putInt(2)
                .putLong(0)
                .putInt(flags)
                .putLong(0x0123456789abcdefL)
                .putLong(0)
                .putShort((short) targetInfo.length)
                .putShort((short) targetInfo.length)
                .putInt(48)
                .put(targetInfo)
                .array();
    }

    /** Nine bytes of name at an offset far behind the end, as the test helper that comes with squid says. */
    private static byte[] named(byte[] message) {
        byte[] copy = message.clone();
        ByteBuffer.wrap(copy)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putShort(12, (short) 9)
                .putShort(14, (short) 9)
                .putInt(16, 0x2AAAAAAE);
        return copy;
    }

    private static byte[] changed(byte[] message, int at, int value) {
        byte[] copy = message.clone();
        copy[at] = (byte) value;
        return copy;
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }
}
