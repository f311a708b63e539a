// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.LOGIN;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The schemes that a runtime brings, over sockets; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SchemesOverTheWireTest {
    private static final String ASKS = "HTTP/1.1 407 Proxy Authentication Required\r\n";
    private static final String PAGE = "Content-Length: 5\r\n\r\n<htm>";
    private static final String NTLM = ASKS + "Proxy-Authenticate: NTLM\r\n" + PAGE;
    private static final String TYPE2 = ASKS
            + "Proxy-Authenticate: NTLM TlRMTVNTUAACAAAADAAMADgAAAAFgomiASNFZ4mrze8AAAAAAAAAAG4AbgBEAAAACgBhSgAAAA9EAE8ATQBB"
            + "AEkATgACAAwARABPAE0AQQBJAE4AAQAMAFMARQBSAFYARQBSAAQAFABkAG8AbQBhAGkAbgAuAGMAbwBtAAMAIgBzAGUAcgB2AGUAcgAuAGQA"
            + "bwBtAGEAaQBuAC4AYwBvAG0ABwAIAACQ0za3NMMBAAAAAA==\r\n"
            + PAGE;
    private static final String OLD_TYPE2 = ASKS
            + "Proxy-Authenticate: NTLM TlRMTVNTUAACAAAACQAJAK6qqqoHgggA6ivAiMYrtdMAAAAAAAA6AFdPUktHUk9VUA==\r\n"
            + PAGE;
    private static final String IS_TYPE1 = "Proxy-Authorization: NTLM TlRMTVNTUAAB";
    private static final String IS_TYPE3 = "Proxy-Authorization: NTLM TlRMTVNTUAAD";
    private static final String DIGEST =
            ASKS + "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256\r\n" + PAGE;

    private final TunnelBench bench = new TunnelBench();
    private final ProxyMemory memory = ProxyMemory.ofAllSchemes();

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    private @Nullable UpstreamException attempt(ScriptedProxy proxy, String scheme) throws Exception {
        return attempt(
                proxy,
                ProxyAuthentication.builder()
                        .userPassword(LOGIN)
                        .schemes(scheme)
                        .build());
    }

    private @Nullable UpstreamException attempt(ScriptedProxy proxy, ProxyAuthentication login) throws Exception {
        ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), login);
        return bench.attempt(server, new TunnelStage(server, TunnelBench.HUB, memory, TunnelBench.QUICK), List.of());
    }

    private static void expect(ScriptedProxy.Line line, String part, String answer) throws IOException {
        String request = line.request();
        line.send(request.contains(part) ? answer : "HTTP/1.1 400 not expected\r\n\r\n");
    }

    @Test
    @DisplayName("F104 ntlm-happy")
    void speaksNtlmOverOneConnection() throws Exception {
        Dialogue dialogue = line -> {
            line.answer(NTLM);
            expect(line, IS_TYPE1, TYPE2);
            expect(line, IS_TYPE3, ESTABLISHED);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            assertNull(attempt(proxy, "NTLM"));
            assertEquals(1, proxy.connections());
        }
    }

    @Test
    @DisplayName("F105 ntlm-close-after-type2")
    void beginsNtlmAgainOnceWhenTheConnectionEndsAfterTheChallenge() throws Exception {
        Dialogue closing = line -> {
            line.answer(NTLM);
            expect(line, IS_TYPE1, TYPE2);
            line.request();
        };
        Dialogue good = line -> {
            expect(line, IS_TYPE1, TYPE2);
            expect(line, IS_TYPE3, ESTABLISHED);
            line.awaitEnd();
        };
        Dialogue closingAgain = line -> {
            expect(line, IS_TYPE1, TYPE2);
            line.request();
        };
        try (ScriptedProxy once = ScriptedProxy.speaking(List.of(closing, good));
                ScriptedProxy always = ScriptedProxy.speaking(List.of(closing, closingAgain))) {
            assertNull(attempt(once, "NTLM"));
            assertNotNull(attempt(always, "NTLM"));
            assertEquals(2, always.connections());
        }
    }

    @Test
    @DisplayName("F106 ntlm-200-on-type1")
    void takesATunnelForTheFirstMessage() throws Exception {
        Dialogue dialogue = line -> {
            line.answer(NTLM);
            expect(line, IS_TYPE1, ESTABLISHED);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            assertNull(attempt(proxy, "NTLM"));
        }
    }

    @Test
    @DisplayName("F108 ntlm-type2 of old")
    void refusesAnOldNtlm() throws Exception {
        Dialogue dialogue = line -> {
            line.answer(NTLM);
            expect(line, IS_TYPE1, OLD_TYPE2);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            UpstreamException refused = attempt(proxy, "NTLM");
            assertNotNull(refused);
            assertEquals(FailureKind.PROXY_AUTH, refused.kind());
            assertTrue(String.valueOf(refused.getMessage()).contains("too old"), refused::toString);
        }
    }

    @Test
    void answersAnOldNtlmWhereThatIsAllowed() throws Exception {
        ProxyAuthentication login = ProxyAuthentication.builder()
                .userPassword(LOGIN)
                .schemes("NTLM")
                .allowLegacyNtlm(true)
                .build();
        Dialogue dialogue = line -> {
            line.answer(NTLM);
            expect(line, IS_TYPE1, OLD_TYPE2);
            expect(line, IS_TYPE3, ESTABLISHED);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            assertNull(attempt(proxy, login));
        }
    }

    /** What goes wrong here says nothing about the credentials. */
    @ParameterizedTest
    @ValueSource(strings = {"too old", "cannot be used", "forgets the NTLM dialogue"})
    void asksTheProviderOnlyOnceWhenNtlmFailsHere(String words) throws Exception {
        AtomicInteger asked = new AtomicInteger();
        ProxyAuthentication login = ProxyAuthentication.builder()
                .provider(request -> {
                    asked.incrementAndGet();
                    return CompletableFuture.completedFuture(LOGIN);
                })
                .schemes("NTLM")
                .build();
        Dialogue dialogue = line -> {
            line.answer(NTLM);
            expect(
                    line,
                    IS_TYPE1,
                    switch (words) {
                        case "too old" -> OLD_TYPE2;
                        case "cannot be used" -> TYPE2.replace("TlRMTVNTUAAC", "TlRMTVNTUAAB");
                        default -> NTLM;
                    });
            for (int i = 0; i < 9; i++) {
                line.answer(NTLM);
            }
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            UpstreamException failure = attempt(proxy, login);
            assertNotNull(failure);
            assertTrue(failure.getMessage().contains(words), failure::getMessage);
            assertEquals(1, asked.get());
        }
    }

    @Test
    void asksTheProviderAgainWhenTheProxyRefusesNtlm() throws Exception {
        BlockingQueue<Boolean> asked = new LinkedBlockingQueue<>();
        ProxyAuthentication login = ProxyAuthentication.builder()
                .provider(request -> {
                    asked.add(request.rejected());
                    return CompletableFuture.completedFuture(new UserPassword("u", "p" + asked.size()));
                })
                .schemes("NTLM")
                .build();
        Dialogue dialogue = line -> {
            line.answer(NTLM);
            expect(line, IS_TYPE1, TYPE2);
            expect(line, IS_TYPE3, NTLM);
            expect(line, IS_TYPE1, TYPE2);
            expect(line, IS_TYPE3, ESTABLISHED);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            assertNull(attempt(proxy, login));
            assertEquals(List.of(false, true), List.copyOf(asked));
        }
    }

    /** The octets of realm, nonce and opaque mean something to the proxy only, and go back as they came. */
    @ParameterizedTest
    @ValueSource(strings = {"Gr\u00fc\u00dfe", "Gr\u00c3\u00bc\u00c3\u009fe", "\u0080\u00a0\u00ff", "a\tb"})
    void givesTheOctetsOfAChallengeBackAsTheyCame(String octets) throws Exception {
        String asking = ASKS + "Proxy-Authenticate: Digest realm=\"" + octets + "\", nonce=\"n" + octets
                + "\", opaque=\"o" + octets + "\"\r\n" + PAGE;
        DigestHash md5 = new DigestHash(MessageDigest.getInstance("MD5"));
        byte[] key = md5.of(DigestHash.wire(LOGIN.user()), DigestHash.wire(octets), DigestHash.wire(LOGIN.password()));
        byte[] asked = md5.of(DigestHash.wire("CONNECT"), DigestHash.wire("hub.invalid:8883"));
        String response = new String(md5.of(key, DigestHash.wire("n" + octets), asked), StandardCharsets.US_ASCII);
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(asking);
            expect(
                    line,
                    "realm=\"" + octets + "\", nonce=\"n" + octets + "\", uri=\"hub.invalid:8883\", response=\""
                            + response + "\", opaque=\"o" + octets + "\"\r\n",
                    ESTABLISHED);
            line.awaitEnd();
        }))) {
            assertNull(attempt(proxy, "Digest"));
        }
    }

    @Test
    void countsStaleNoncesOfARealDigestOnce() throws Exception {
        Dialogue stale = line -> {
            for (int i = 0; i < 20; i++) {
                line.answer(DIGEST.replace("n1", "n" + i).replace("qop=", "stale=true, qop="));
            }
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(stale))) {
            UpstreamException failure = attempt(proxy, "Digest");
            assertNotNull(failure);
            assertTrue(failure.getMessage().contains("calls every nonce stale"), failure::getMessage);
            assertEquals(2 + Negotiation.MAX_STALE, proxy.requests().size());
        }
    }

    @Test
    @DisplayName("F98 F100 digest-nc, digest-nextnonce")
    void countsANonceOnAndTakesTheNextOne() throws Exception {
        Dialogue first = line -> {
            line.answer(DIGEST);
            expect(line, "nc=00000001", ESTABLISHED);
            line.awaitEnd();
        };
        String withNext = ESTABLISHED.replace("\r\n\r\n", "\r\nProxy-Authentication-Info: nextnonce=\"n2\"\r\n\r\n");
        Dialogue second = line -> {
            expect(line, "nonce=\"n1\", uri=\"hub.invalid:8883\", algorithm=SHA-256, qop=auth, nc=00000002", withNext);
            line.awaitEnd();
        };
        Dialogue third = line -> {
            expect(
                    line,
                    "nonce=\"n2\", uri=\"hub.invalid:8883\", algorithm=SHA-256, qop=auth, nc=00000001",
                    ESTABLISHED);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(first, second, third))) {
            for (int i = 0; i < 3; i++) {
                assertNull(attempt(proxy, "Digest"));
            }
            assertEquals(4, proxy.requests().size());
        }
    }

    @Test
    @DisplayName("F69 407-lying-keepalive, Digest")
    void countsOnWhenTheConnectionIsLostBeforeTheAnswer() throws Exception {
        Dialogue lost = line -> {
            line.answer(DIGEST);
            line.request();
        };
        Dialogue kept = line -> {
            expect(line, "nc=00000002", ESTABLISHED);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(lost, kept))) {
            assertNull(attempt(proxy, "Digest"));
        }
    }

    @Test
    @DisplayName("F101 digest-rspauth-bad")
    void refusesAProxyThatDoesNotKnowThePassword() throws Exception {
        String lying = ESTABLISHED.replace(
                "\r\n\r\n", "\r\nProxy-Authentication-Info: rspauth=\"0123456789abcdef\", qop=auth\r\n\r\n");
        Dialogue dialogue = line -> {
            line.answer(DIGEST);
            expect(line, "Digest username=\"Aladdin\"", lying);
            line.awaitEnd();
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            UpstreamException refused = attempt(proxy, "Digest");
            assertNotNull(refused);
            assertEquals(FailureKind.PROXY_AUTH, refused.kind());
        }
    }
}
