// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import io.upstream.testing.Mutants;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class NtlmConversationTest {
    private static final UserPassword USER = new UserPassword("CORP\\user", "hunter2");
    private static final int ESS = NtlmFlags.EXTENDED_SESSION_SECURITY;
    private static final int FLAGS = NtlmFlags.OURS | NtlmFlags.TARGET_INFO;
    private static final byte[] END = {0, 0, 0, 0};

    /** As squid's test helper sends it: the name lies outside, and nothing describes the target. */
    private static final String SQUIDS = "TlRMTVNTUAACAAAACQAJAK6qqqoHgggA6ivAiMYrtdMAAAAAAAA6AFdPUktHUk9VUA==";

    private final NtlmScheme scheme =
            new NtlmScheme(() -> new byte[8], Clock.fixed(Instant.parse("2026-01-01T00:00:00Z"), ZoneOffset.UTC));

    private Conversation negotiated() throws Exception {
        return negotiated(Asking.tunnel());
    }

    private Conversation negotiated(TunnelRequest request) throws Exception {
        Conversation conversation = scheme.begin(request, USER);
        Asking.answer(conversation, "NTLM");
        return conversation;
    }

    /** As {@link Asking#tunnel}, where old servers are allowed. */
    private static TunnelRequest legacy() {
        TunnelRequest request = Asking.tunnel();
        return new TunnelRequest(
                request.proxy()
                        .withAuthentication(ProxyAuthentication.builder()
                                .userPassword(USER)
                                .schemes("NTLM")
                                .allowLegacyNtlm(true)
                                .build()),
                request.authority());
    }

    static Stream<Arguments> badChallenges() {
        return Stream.of(
                Arguments.of("not base64", "TlRM-TVN"),
                Arguments.of("short", base64(Arrays.copyOf(type2(FLAGS, END), 31))),
                Arguments.of("cut in the middle of its head", base64(Arrays.copyOf(type2(FLAGS, END), 45))),
                Arguments.of("wrong signature", base64(changed(type2(FLAGS, END), 0, 'X'))),
                Arguments.of("first message", base64(changed(type2(FLAGS, END), 8, 1))),
                Arguments.of("last message", base64(changed(type2(FLAGS, END), 8, 3))),
                Arguments.of("attributes behind the end", base64(changed(type2(FLAGS, END), 44, 0x50))),
                Arguments.of("attributes within the head", base64(changed(type2(FLAGS, END), 44, 8))),
                Arguments.of("attributes far away", base64(changed(type2(FLAGS, END), 47, 0xFF))),
                Arguments.of(
                        "65535 bytes of attributes", base64(changed(changed(type2(FLAGS, END), 40, 0xFF), 41, 0xFF))),
                Arguments.of("no end", base64(type2(FLAGS, hex("02000200 4100")))),
                Arguments.of("no attribute at all", base64(type2(FLAGS, hex("")))),
                Arguments.of("value behind the end", base64(type2(FLAGS, hex("0200ff00 4100 00000000")))),
                Arguments.of("half a character", base64(type2(FLAGS, hex("02000100 41 00000000")))),
                Arguments.of("short time", base64(type2(FLAGS, hex("07000400 00000000 00000000")))),
                Arguments.of("too long", base64(type2(FLAGS, new byte[NtlmChallenge.MAX_BYTES]))));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("badChallenges")
    void refusesAChallengeThatIs(String name, String token) throws Exception {
        Conversation conversation = negotiated();
        UpstreamException refused = refusal(conversation, token);
        assertEquals(FailureKind.PROTOCOL, refused.kind());
        assertNull(refused.getCause());
    }

    private static UpstreamException refusal(Conversation conversation, String token) {
        var challenge = new ProxyChallenge("NTLM", token, Map.of());
        var error = assertThrows(
                ExecutionException.class,
                () -> conversation.answer(challenge).toCompletableFuture().get());
        return (UpstreamException) error.getCause();
    }

    @Test
    void readsMutantsOfChallengesWithoutReachingBeyondThem() {
        Stream<byte[]> seeds = Stream.of(
                type2(
                        FLAGS,
                        hex(
                                "02000200 4100 0700080000000000000000000a001000000000000000000000000000000000000000 00000000")),
                Base64.getDecoder().decode(SQUIDS));
        Mutants.feed(seeds, 20_000, bytes -> {
            try {
                NtlmChallenge.read(base64(bytes)).targetInfo().bytes();
            } catch (IllegalArgumentException e) {
                assertFalse(String.valueOf(e.getMessage()).isEmpty());
            }
        });
    }

    @Test
    void refusesAnOldServer() throws Exception {
        for (int flags : new int[] {FLAGS & ~NtlmFlags.TARGET_INFO, FLAGS & ~ESS}) {
            UpstreamException refused = refusal(negotiated(), base64(type2(flags, END)));
            assertEquals(FailureKind.PROXY_AUTH, refused.kind());
        }
    }

    @Test
    void answersAnOldServerWhereThatIsAllowed() throws Exception {
        for (String token : new String[] {SQUIDS, base64(type2(FLAGS & ~ESS, END))}) {
            byte[] message = message(Asking.answer(negotiated(legacy()), "NTLM " + token));
            assertEquals(3, message[8]);
        }
    }

    @Test
    void sendsAnEmptyListToAServerWithoutAttributes() throws Exception {
        byte[] message = message(Asking.answer(negotiated(legacy()), "NTLM " + SQUIDS));
        byte[] nt = field(message, 20);
        assertEquals(16 + 28 + 4 + 4, nt.length);
        assertArrayEquals(new byte[8], Arrays.copyOfRange(nt, 44, 52));
    }

    @Test
    void refusesAServerWithoutUnicode() throws Exception {
        UpstreamException refused = refusal(negotiated(), base64(type2(FLAGS & ~NtlmFlags.UNICODE, END)));
        assertEquals(FailureKind.PROXY_AUTH, refused.kind());
    }

    @Test
    void takesItsOwnTimeWhereTheServerStatesNone() throws Exception {
        byte[] message = message(Asking.answer(negotiated(), "NTLM " + base64(type2(FLAGS, END))));
        byte[] nt = field(message, 20);
        long ticks = ByteBuffer.wrap(nt).order(ByteOrder.LITTLE_ENDIAN).getLong(24);
        assertEquals(134_116_992_000_000_000L, ticks);
        assertEquals(72, offset(message, 28), "there is no code over the messages, and no room for one");
        assertFalse(Arrays.equals(new byte[24], field(message, 12)), "the LM response stands in for the code");
    }

    @Test
    void keepsTheServersFlagsAndReplacesItsNameOfTheTarget() {
        AvPairs server = AvPairs.read(hex("0600040004000000 0900020041 00 00000000"));
        assertEquals(4, server.flags());
        AvPairs ours = server.with(AvPairs.FLAGS, hex("06000000")).with(AvPairs.TARGET_NAME, hex("4200"));
        assertArrayEquals(hex("0600040006000000 090002004200 00000000"), ours.bytes());
    }

    @ParameterizedTest
    @CsvSource({
        "CORP\\user,CORP,user",
        "CORP/user,CORP,user",
        "user@corp.example,'',user@corp.example",
        "user,'',user",
        "corp\\a/b,corp,a/b"
    })
    void readsUserNames(String name, String domain, String user) {
        assertEquals(new NtlmAccount(domain, user), NtlmAccount.of(name));
    }

    @Test
    void capitalizesLetterByLetter() {
        assertEquals("STRAßECorp", new NtlmAccount("Corp", "straße").identity());
    }

    @Test
    void tellsNobodyTheNameOfThisMachine() throws Exception {
        byte[] message = message(Asking.answer(negotiated(), "NTLM " + base64(type2(FLAGS, END))));
        assertEquals("CORP", text(field(message, 28)));
        assertEquals("user", text(field(message, 36)));
        assertEquals("WORKSTATION", text(field(message, 44)));
        assertTrue(text(field(message, 20)).contains("HTTP/proxy.corp.example"));
    }

    @Test
    void startsAgainOnceWhenTheProxyForgets() throws Exception {
        Conversation conversation = negotiated();
        assertEquals(1, message(Asking.answer(conversation, "NTLM"))[8]);
        assertEquals(
                FailureKind.PROXY_AUTH, Asking.refusal(conversation, "NTLM").kind());
    }

    @Test
    void takesAnEmptyChallengeAfterItsLastMessageForARefusal() throws Exception {
        Conversation conversation = negotiated();
        Asking.answer(conversation, "NTLM " + base64(type2(FLAGS, END)));
        assertTrue(conversation.isBound());
        UpstreamException refused = Asking.refusedCredentials(conversation, "NTLM");
        assertEquals(FailureKind.PROXY_AUTH, refused.kind());
        assertFalse(refused.toString().contains("hunter2"), refused::toString);
    }

    @Test
    void takesA2xxAtAnyTurn() throws Exception {
        Conversation conversation = negotiated();
        conversation.opened(Map.of());
        assertEquals(Optional.empty(), conversation.unasked());
    }

    private static byte[] type2(int flags, byte[] targetInfo) {
        byte[] message = new byte[48 + targetInfo.length];
        ByteBuffer.wrap(message)
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
                .put(targetInfo);
        return message;
    }

    private static byte[] changed(byte[] message, int at, int value) {
        message[at] = (byte) value;
        return message;
    }

    private static byte[] message(String field) {
        return Base64.getDecoder().decode(field.substring("NTLM ".length()));
    }

    private static int offset(byte[] message, int at) {
        return ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getInt(at + 4);
    }

    private static byte[] field(byte[] message, int at) {
        int length = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN).getShort(at);
        return Arrays.copyOfRange(message, offset(message, at), offset(message, at) + length);
    }

    private static String text(byte[] utf16) {
        return new String(utf16, StandardCharsets.UTF_16LE);
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replace(" ", ""));
    }
}
