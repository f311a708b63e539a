// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DigestConversationTest {
    private static final UserPassword USER = new UserPassword("user", "hunter2");
    private static final String CHALLENGE = "Digest realm=\"corp\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";

    private final DigestMemory memory = new DigestMemory();
    private final AtomicInteger clientNonces = new AtomicInteger();
    private final DigestScheme scheme =
            new DigestScheme(memory, () -> "c" + clientNonces.incrementAndGet(), MessageDigest::getInstance);

    private Conversation begin() {
        return scheme.begin(Asking.tunnel(), USER);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {
                "F93 no nonce | Digest realm=\"x\" | 0",
                "F93 empty nonce | Digest realm=\"x\", nonce=\"\" | 0",
                "F93 empty realm | Digest realm=\"\", nonce=\"n\" | 20",
                "no realm | Digest nonce=\"n\" | 20",
                "F94 SHA-1 | Digest realm=\"x\", nonce=\"n\", algorithm=SHA-1 | 0",
                "F94 MD5-foo | Digest realm=\"x\", nonce=\"n\", algorithm=MD5-foo | 0",
                "F94 plain SHA-512 | Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512 | 0",
                "F95 quoted, lower case | Digest realm=\"x\", nonce=\"n\", algorithm=\"md5\" | 20",
                "SHA-256 | Digest realm=\"x\", nonce=\"n\", algorithm=sha-256 | 40",
                "SHA-512-256 | Digest realm=\"x\", nonce=\"n\", algorithm=SHA-512-256 | 50",
                "F96 unknown qop | Digest realm=\"x\", nonce=\"n\", qop=\"auth-conf\" | 0",
                "one known qop | Digest realm=\"x\", nonce=\"n\", qop=\"auth-conf , auth\" | 20",
                "F97 session | Digest realm=\"x\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256-SESS | 40",
                "session without qop | Digest realm=\"x\", nonce=\"n\", algorithm=MD5-sess | 0",
                "F87 unterminated quote | Digest realm=\"x | 0",
                "a control character | Digest realm=\"x\u0001\", nonce=\"n\" | 0",
                "another control character | Digest realm=\"x\", nonce=\"n\u007f\" | 0",
                "not ASCII | Digest realm=\"\u00e9\", nonce=\"n\" | 20",
                "another scheme | Basic realm=\"x\", nonce=\"n\" | 0"
            })
    void judges(String name, String line, int strength) {
        assertEquals(strength, scheme.strength(Asking.challenge(line)));
    }

    @Test
    void quotesWhatTheStandardQuotesAndNothingElse() throws Exception {
        String field = Asking.answer(
                begin(),
                "Digest realm=\"a\\\"b\\\\c, d\", nonce=\"n=\", opaque=\"o\\\"\", qop=\"auth-int,auth\", algorithm=\"md5\"");
        assertEquals(
                "Digest username=\"user\", realm=\"a\\\"b\\\\c, d\", nonce=\"n=\", uri=\"hub.azure-devices.net:443\", "
                        + "algorithm=md5, qop=auth, nc=00000001, cnonce=\"c1\", response=\"" + value(field, "response")
                        + "\", opaque=\"o\\\"\"",
                field);
    }

    @Test
    void hashesTheRealmAsItWasBeforeItWasEscaped() throws Exception {
        String escaped = Asking.answer(begin(), "Digest realm=\"a\\\"b\", nonce=\"n\"");
        DigestHash md5 = new DigestHash(MessageDigest.getInstance("MD5"));
        byte[] key = md5.of(DigestHash.wire("user"), DigestHash.wire("a\"b"), DigestHash.wire("hunter2"));
        byte[] request = md5.of(DigestHash.wire("CONNECT"), DigestHash.wire("hub.azure-devices.net:443"));
        byte[] expected = md5.of(key, DigestHash.wire("n"), request);
        assertEquals(new String(expected, java.nio.charset.StandardCharsets.US_ASCII), value(escaped, "response"));
    }

    @Test
    void sendsNoQopThatWasNotOffered() throws Exception {
        String field = Asking.answer(begin(), "Digest realm=\"x\", nonce=\"n\"");
        assertFalse(field.matches(".*(qop|nc|cnonce|algorithm|opaque)=.*"), field);
    }

    @Test
    void sendsAHashInPlaceOfTheUserNameWhereAsked() throws Exception {
        String field = Asking.answer(
                scheme.begin(Asking.tunnel(), new UserPassword("Jäsøn", "x")),
                CHALLENGE + ", userhash=true, charset=UTF-8");
        assertTrue(field.matches("Digest username=\"[0-9a-f]{64}\", .*, userhash=true"), field);
    }

    @Test
    void encodesAUserNameThatIsNotAscii() throws Exception {
        String field = Asking.answer(
                scheme.begin(Asking.tunnel(), new UserPassword("Jäsøn Doe", "x")), CHALLENGE + ", charset=UTF-8");
        assertTrue(field.startsWith("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe, "), field);
    }

    @Test
    void asksForTheAddressInBracketsWhereTheRequestDoes() throws Exception {
        String field = Asking.answer(scheme.begin(Asking.tunnelTo("[2001:db8::1]:8883"), USER), CHALLENGE);
        assertEquals("[2001:db8::1]:8883", value(field, "uri"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\r\nX: y", "a\u0000b"})
    void refusesUserNamesThatWouldEndTheField(String user) {
        if (user.indexOf('\0') < 0) {
            UserPassword credentials = new UserPassword(user, "hunter2");
            assertThrows(IllegalArgumentException.class, () -> scheme.begin(Asking.tunnel(), credentials));
        } else {
            assertThrows(IllegalArgumentException.class, () -> new UserPassword(user, "hunter2"));
        }
    }

    /** What another challenge means is for the dialogue to judge, see {@link TunnelChallengeFaultsTest}, F78 to F80. */
    @Test
    void answersWhateverItIsGiven() throws Exception {
        Conversation conversation = begin();
        assertEquals("00000001", value(Asking.answer(conversation, CHALLENGE), "nc"));
        assertEquals("00000002", value(Asking.answer(conversation, CHALLENGE), "nc"));
        for (int i = 2; i <= 9; i++) {
            String next = CHALLENGE.replace("n1", "n" + i) + (i % 2 == 0 ? ", stale=TRUE" : "");
            assertEquals("00000001", value(Asking.answer(conversation, next), "nc"));
        }
    }

    @Test
    void saysNothingUnaskedToAProxyThatHasAcceptedNothing() throws Exception {
        Conversation conversation = begin();
        Asking.answer(conversation, CHALLENGE);
        assertEquals(Optional.empty(), begin().unasked());
    }

    @Test
    void countsOnWithANonceThatWasAccepted() throws Exception {
        accepted(Map.of());
        for (int use = 2; use <= 5; use++) {
            Conversation conversation = begin();
            String field = conversation.unasked().orElseThrow();
            assertEquals("0000000" + use, value(field, "nc"));
            assertEquals("c" + use, value(field, "cnonce"));
            conversation.opened(Map.of());
        }
    }

    @Test
    void keepsTheFirstNonceOfASession() throws Exception {
        Conversation first = begin();
        String session = CHALLENGE.replace("SHA-256", "SHA-256-sess");
        String one = Asking.answer(first, session);
        first.opened(Map.of());
        String two = begin().unasked().orElseThrow();
        assertEquals(value(one, "cnonce"), value(two, "cnonce"));
        assertNotEquals(value(one, "response"), value(two, "response"));
    }

    @Test
    void usesNoCountTwiceFromManyThreads() throws Exception {
        accepted(Map.of());
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            Map<String, Boolean> counts = new ConcurrentHashMap<>();
            Callable<Boolean> use = () -> {
                for (int i = 0; i < 100; i++) {
                    String nc = value(begin().unasked().orElseThrow(), "nc");
                    if (counts.put(nc, true) != null) {
                        return false;
                    }
                }
                return true;
            };
            List<Future<Boolean>> uses = new ArrayList<>();
            IntStream.range(0, 8).forEach(i -> uses.add(threads.submit(use)));
            for (Future<Boolean> done : uses) {
                assertTrue(done.get());
            }
            assertEquals(800, counts.size());
            assertTrue(counts.containsKey(String.format("%08x", 801)));
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void takesTheNonceThatTheProxyWantsNext() throws Exception {
        accepted(Map.of("proxy-authentication-info", List.of("qop=auth, nextnonce=\"n9\"")));
        String field = begin().unasked().orElseThrow();
        assertEquals("n9", value(field, "nonce"));
        assertEquals("00000001", value(field, "nc"));
    }

    @Test
    void forgetsWhatTheProxyNoLongerAccepts() throws Exception {
        accepted(Map.of());
        Conversation conversation = begin();
        assertTrue(conversation.unasked().isPresent());
        assertEquals("n2", value(Asking.answer(conversation, CHALLENGE.replace("n1", "n2")), "nonce"));
        assertEquals(Optional.empty(), begin().unasked());
    }

    @Test
    void remembersForOneProxyAndUserOnly() throws Exception {
        accepted(Map.of());
        TunnelRequest other = new TunnelRequest(
                ProxyServer.http(new HostPort("other.corp.example", 3128)),
                Asking.tunnel().authority());
        assertEquals(Optional.empty(), scheme.begin(other, USER).unasked());
        assertEquals(
                Optional.empty(),
                scheme.begin(Asking.tunnel(), new UserPassword("else", "hunter2"))
                        .unasked());
    }

    @Test
    void acceptsAProxyThatProvesItself() throws Exception {
        DigestScheme fixed = new DigestScheme(memory, () -> "0a4f113b0a4f113b", MessageDigest::getInstance);
        Conversation conversation = fixed.begin(Asking.tunnel(), new UserPassword("user", "pa:ss word"));
        Asking.answer(
                conversation,
                "Digest realm=\"corp-proxy\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", qop=\"auth\"");
        conversation.opened(Map.of(
                "proxy-authentication-info",
                List.of("rspauth=\"2573a4be4a2fe6e1f7fc43ed8e95e5b9\", qop=auth, nc=00000001")));
        assertTrue(fixed.begin(Asking.tunnel(), new UserPassword("user", "pa:ss word"))
                .unasked()
                .isPresent());
    }

    @Test
    void refusesAProxyThatDoesNotKnowThePassword() throws Exception {
        Conversation conversation = begin();
        Asking.answer(conversation, CHALLENGE);
        UpstreamException refused = assertThrows(
                UpstreamException.class,
                () -> conversation.opened(
                        Map.of("proxy-authentication-info", List.of("rspauth=\"" + "0".repeat(64) + '"'))));
        assertEquals(FailureKind.PROXY_AUTH, refused.kind());
        assertEquals(Optional.empty(), begin().unasked());
    }

    @Test
    void saysWhatIsMissingWhereTheRuntimeHasNoMd5() {
        DigestScheme strict = new DigestScheme(memory, () -> "c", name -> {
            throw new NoSuchAlgorithmException(name);
        });
        UpstreamException refused =
                Asking.refusal(strict.begin(Asking.tunnel(), USER), "Digest realm=\"x\", nonce=\"n\"");
        assertEquals(FailureKind.PROXY_AUTH, refused.kind());
        assertTrue(String.valueOf(refused.getMessage()).contains("no MD5"), refused::toString);
    }

    @Test
    void drawsLongClientNonces() throws Exception {
        DigestScheme random = new DigestScheme(new DigestMemory());
        String one = value(Asking.answer(random.begin(Asking.tunnel(), USER), CHALLENGE), "cnonce");
        String two = value(Asking.answer(random.begin(Asking.tunnel(), USER), CHALLENGE), "cnonce");
        assertEquals(32, one.length());
        assertNotEquals(one, two);
    }

    @Test
    void remembersOnlySoMuch() {
        DigestChallenge challenge =
                DigestChallenge.of(Asking.challenge(CHALLENGE)).orElseThrow();
        DigestMemory.Owner first = owner(0);
        memory.accept(first, challenge, null);
        for (int i = 1; i <= DigestMemory.MAX_OWNERS; i++) {
            memory.accept(owner(i), challenge, null);
        }
        assertEquals(Optional.empty(), memory.accepted(first));
        memory.next(first, challenge, () -> "c");
        for (int i = 1; i <= DigestMemory.MAX_NONCES; i++) {
            memory.next(first, challenge.withNonce("other" + i), () -> "c");
        }
        assertEquals(1, memory.next(first, challenge, () -> "c").count());
    }

    private static DigestMemory.Owner owner(int number) {
        TunnelRequest request = Asking.tunnel();
        return new DigestMemory.Owner(request.proxy().kind(), request.proxy().address(), "user" + number);
    }

    private void accepted(Map<String, List<String>> fields) throws Exception {
        Conversation conversation = begin();
        Asking.answer(conversation, CHALLENGE);
        conversation.opened(fields);
    }

    private static String value(String field, String name) {
        Matcher matcher = Pattern.compile("[ ,]" + name + "=\"?([^\", ]*)").matcher(field);
        assertTrue(matcher.find(), field);
        return matcher.group(1);
    }
}
