// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UserPassword;
import io.upstream.connect.ConnectAttempt;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Proxies that count nonces and check answers themselves, over sockets; F numbers are those of the list of faults. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TunnelDigestFaultsTest {
    private static final String OFFER =
            "Proxy-Authenticate: Digest realm=\"corp\", nonce=\"n1\", qop=\"auth\", algorithm=SHA-256";
    private static final UserPassword USER = new UserPassword("Jäsøn Doe", "Secret, or not?");
    private static final String INFO = "\r\nProxy-Authentication-Info: ";

    private final TunnelBench bench = new TunnelBench(ProxyMemory::ofAllSchemes);

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    private static String asks(String more) {
        return "HTTP/1.1 407 P\r\n" + OFFER + more + "\r\nContent-Length: 5\r\n\r\n<htm>";
    }

    private static String opensWith(String info) {
        return ESTABLISHED.replace("\r\n\r\n", INFO + info + "\r\n\r\n");
    }

    private static ProxyServer server(ScriptedProxy proxy, UserPassword user) {
        return ProxyServer.of(
                ProxyKind.HTTP,
                proxy.address(),
                ProxyAuthentication.builder()
                        .userPassword(user)
                        .schemes("Digest")
                        .build());
    }

    private @Nullable UpstreamException attempt(ScriptedProxy proxy, ProxyMemory memory) throws Exception {
        ProxyServer server = server(proxy, TunnelBench.LOGIN);
        return bench.attempt(server, new TunnelStage(server, TunnelBench.HUB, memory, TunnelBench.QUICK), List.of());
    }

    private static String value(String request, String name) {
        Matcher found = Pattern.compile("[ ,]" + name + "=\"?([^\",\r]*)").matcher(request);
        return found.find() ? found.group(1) : "";
    }

    /** A proxy that takes each count of a nonce once, and only an answer that is right. */
    private static Dialogue strict(String user, String password, Set<String> counts, String more) {
        return line -> {
            String request = line.request();
            while (!isRight(request, user, password) || !counts.add(value(request, "nonce") + value(request, "nc"))) {
                line.send(asks(more));
                request = line.request();
            }
            line.send(ESTABLISHED);
            line.awaitEnd();
        };
    }

    /** RFC 7616 section 3.4.1, written down once more. */
    private static boolean isRight(String request, String user, String password) {
        if (!request.contains("Proxy-Authorization: Digest ")) {
            return false;
        }
        String key = sha256(user + ":corp:" + password);
        String asked = sha256("CONNECT:" + value(request, "uri"));
        String rest = String.join(":", value(request, "nonce"), value(request, "nc"), value(request, "cnonce"), "auth");
        return value(request, "response").equals(sha256(key + ":" + rest + ":" + asked));
    }

    private static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Dialogue strict(Set<String> counts) {
        return strict(TunnelBench.LOGIN.user(), TunnelBench.LOGIN.password(), counts, "");
    }

    @Test
    @DisplayName("F98 digest-nc: five connections in a row count from one to five")
    void countsANonceOn() throws Exception {
        ProxyMemory memory = ProxyMemory.ofAllSchemes();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(strict(ConcurrentHashMap.newKeySet())))) {
            for (int i = 0; i < 5; i++) {
                assertNull(attempt(proxy, memory));
            }
            List<String> counts = proxy.requests().stream()
                    .skip(1)
                    .map(each -> value(each, "nc"))
                    .toList();
            assertEquals(List.of("00000001", "00000002", "00000003", "00000004", "00000005"), counts);
        }
    }

    @Test
    @DisplayName("F99 digest-nc-replay-check: connections at the same time count differently")
    void usesNoCountTwice() throws Exception {
        Set<String> counts = ConcurrentHashMap.newKeySet();
        ProxyMemory memory = ProxyMemory.ofAllSchemes();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(strict(counts)))) {
            assertNull(attempt(proxy, memory));
            ProxyServer server = server(proxy, TunnelBench.LOGIN);
            List<ConnectAttempt> attempts = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                TunnelStage tunnel = new TunnelStage(server, TunnelBench.HUB, memory, TunnelBench.QUICK);
                attempts.add(bench.start(server, tunnel, List.of()));
            }
            for (ConnectAttempt each : attempts) {
                each.outcome().toCompletableFuture().get(20, TimeUnit.SECONDS).close();
            }
            assertEquals(21, counts.size());
            assertEquals(22, proxy.requests().size(), "none is refused");
        }
    }

    @Test
    @DisplayName("F100 digest-nextnonce: however it is cut")
    void takesTheNextNonceHoweverItIsCut() throws Exception {
        String opens = opensWith("qop=auth, nextnonce=\"n2\"");
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            String request = line.request();
            if (!request.contains("Digest")) {
                line.send(asks(""));
                request = line.request();
            }
            line.send(value(request, "nonce").equals("n1") ? opens : ESTABLISHED);
            line.awaitEnd();
        }))) {
            for (int cut = ScriptedProxy.BYTES; cut < opens.length(); cut += cut < 60 ? 4 : 1) {
                proxy.restart(cut);
                ProxyMemory memory = ProxyMemory.ofAllSchemes();
                assertNull(attempt(proxy, memory));
                assertNull(attempt(proxy, memory));
                String last = proxy.requests().get(2);
                assertEquals("n2 00000001", value(last, "nonce") + " " + value(last, "nc"), "cut at " + cut);
            }
        }
    }

    @ParameterizedTest(name = "F101 digest-rspauth-bad, {0}")
    @CsvSource(
            delimiter = '|',
            value = {"made up | 0123456789abcdef", "of the right size | " + ZEROS, "empty | ''"})
    void refusesAProxyThatDoesNotKnowThePasswordHoweverItIsCut(String name, String proof) throws Exception {
        String opens = opensWith("rspauth=\"" + proof + "\", qop=auth");
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(asks(""));
            line.answer(opens);
            line.awaitEnd();
        }))) {
            for (int cut = ScriptedProxy.BYTES; cut < opens.length(); cut += 4) {
                proxy.restart(cut);
                UpstreamException failure = attempt(proxy, ProxyMemory.ofAllSchemes());
                assertNotNull(failure, "cut at " + cut);
                assertEquals(FailureKind.PROXY_AUTH, failure.kind(), failure.getMessage());
                assertEquals("tunnel", failure.stage());
                assertEquals("proxy " + proxy.address(), failure.hop());
            }
        }
    }

    private static final String ZEROS = "0000000000000000000000000000000000000000000000000000000000000000";

    @Test
    @DisplayName("F102 digest-ipv6-uri: in brackets, as in the request")
    void signsAnAddressInBrackets() throws Exception {
        HostPort hub = new HostPort("2001:db8::1", 8883);
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(strict(ConcurrentHashMap.newKeySet())))) {
            ProxyServer server = server(proxy, TunnelBench.LOGIN);
            TunnelStage tunnel = new TunnelStage(server, hub, ProxyMemory.ofAllSchemes(), TunnelBench.QUICK);
            assertNull(bench.attempt(server, tunnel, List.of()));
            for (String request : proxy.requests()) {
                assertTrue(
                        request.startsWith("CONNECT [2001:db8::1]:8883 HTTP/1.1\r\nHost: [2001:db8::1]:8883\r\n"),
                        request);
            }
            assertEquals("[2001:db8::1]:8883", value(proxy.requests().get(1), "uri"));
        }
    }

    /** The hash of the name and the realm, or the name as RFC 8187 writes it. */
    @ParameterizedTest(name = "F103 digest-userhash{0}")
    @CsvSource(
            delimiter = '|',
            value = {
                ", charset=UTF-8, userhash=true | username=\"%s\" | userhash=true",
                ", charset=UTF-8 | username*=UTF-8''J%C3%A4s%C3%B8n%20Doe | username*="
            })
    void namesAUserWhoIsNotAscii(String more, String name, String also) throws Exception {
        String wanted = name.contains("%s") ? name.formatted(sha256(USER.user() + ":corp")) : name;
        Set<String> counts = ConcurrentHashMap.newKeySet();
        Dialogue dialogue = strict(USER.user(), USER.password(), counts, more);
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(dialogue))) {
            for (int cut = ScriptedProxy.BYTES; cut < asks(more).length(); cut += 8) {
                proxy.restart(cut);
                counts.clear();
                ProxyServer server = server(proxy, USER);
                TunnelStage tunnel =
                        new TunnelStage(server, TunnelBench.HUB, ProxyMemory.ofAllSchemes(), TunnelBench.QUICK);
                assertNull(bench.attempt(server, tunnel, List.of()), "cut at " + cut);
                String request = proxy.requests().get(1);
                assertTrue(request.contains(wanted) && request.contains(also), request);
                assertTrue(!request.toLowerCase(Locale.ROOT).contains("username=\"j"), request);
            }
        }
    }
}
