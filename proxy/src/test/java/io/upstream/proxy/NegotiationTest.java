// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.BASIC;
import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.LOGIN;
import static io.upstream.proxy.TunnelBench.login;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthentication.Strength;
import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyChallenge;
import io.upstream.ProxyCredentialsProvider;
import io.upstream.ProxyHeaders;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UserPassword;
import io.upstream.proxy.ProxyMemory.Accepted;
import io.upstream.proxy.ScriptedProxy.Dialogue;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Who is told what: choice of the scheme, credentials, and what is remembered. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NegotiationTest {
    private static final String ASKS = "HTTP/1.1 407 P\r\nContent-Length: 0\r\n";
    private static final String DIGEST = "Proxy-Authenticate: Digest realm=\"corp\", nonce=\"n\"\r\n";
    private static final String BASIC_OFFER = "Proxy-Authenticate: Basic realm=\"corp\"\r\n";
    private static final ProxyServer SERVER = ProxyServer.http(new HostPort("proxy", 3128), LOGIN);

    private final TunnelBench bench = new TunnelBench();
    private final ProxyMemory memory = TunnelBench.newMemory();

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    /** Offers so, until a request holds the words; then opens the tunnel. */
    private static Dialogue offering(String offer, String words) {
        return line -> {
            while (!line.request().contains(words)) {
                line.send(ASKS + offer + "\r\n");
            }
            line.send(ESTABLISHED);
            line.awaitEnd();
        };
    }

    private @Nullable UpstreamException attempt(ScriptedProxy proxy, ProxyAuthentication login) throws Exception {
        return attempt(ProxyServer.of(ProxyKind.HTTP, proxy.address(), login));
    }

    private @Nullable UpstreamException attempt(ProxyServer server) throws Exception {
        return attempt(server, memory);
    }

    private @Nullable UpstreamException attempt(ProxyServer server, ProxyMemory with) throws Exception {
        return bench.attempt(server, new TunnelStage(server, TunnelBench.HUB, with, TunnelBench.QUICK), List.of());
    }

    private static UpstreamException refused(@Nullable UpstreamException failure) {
        assertNotNull(failure, "the tunnel must not open");
        assertEquals(FailureKind.PROXY_AUTH, failure.kind(), failure::getMessage);
        return failure;
    }

    @Test
    void sendsNothingUnaskedToAProxyThatItDoesNotKnow() throws Exception {
        try (ScriptedProxy proxy =
                ScriptedProxy.speaking(List.of(offering(DIGEST + BASIC_OFFER, "Digest Aladdin n")))) {
            assertNull(attempt(proxy, login()));
            assertFalse(proxy.requests().get(0).contains("Proxy-Authorization"), proxy.requests()::toString);
            assertFalse(proxy.requests().toString().contains("Basic"), proxy.requests()::toString);
        }
    }

    @Test
    void sendsUnaskedWhatTheProxyAcceptedBefore() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(BASIC_OFFER, BASIC)))) {
            assertNull(attempt(proxy, login()));
            assertEquals(2, proxy.requests().size());
            proxy.restart(ScriptedProxy.WHOLE);
            assertNull(attempt(proxy, login()));
            assertEquals(1, proxy.requests().size());
            proxy.restart(ScriptedProxy.WHOLE);
            UserPassword other = new UserPassword("Jasmine", "tiger");
            refused(attempt(proxy, ProxyAuthentication.of(other)));
            assertFalse(proxy.requests().get(0).contains("Proxy-Authorization"), "another user has to be asked");
        }
    }

    @Test
    void forgetsWhatTheProxyNoLongerAccepts() throws Exception {
        ProxyServer server;
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(BASIC_OFFER, "never")))) {
            server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), login());
            memory.remember(server, new Accepted("Basic", "corp", PasswordScheme.BASIC));
            refused(attempt(server));
            assertEquals(1, proxy.requests().size(), "the same is not sent twice");
        }
        assertEquals(Optional.empty(), memory.acceptedBy(server));
    }

    @Test
    void remembersOnlySoManyProxies() {
        ProxyMemory small = TunnelBench.newMemory();
        for (int port = 1; port <= ProxyMemory.MAX_PROXIES + 1; port++) {
            ProxyServer server = ProxyServer.http(new HostPort("proxy", port), LOGIN);
            small.remember(server, new Accepted("Basic", "", PasswordScheme.BASIC));
        }
        assertEquals(Optional.empty(), small.acceptedBy(ProxyServer.http(new HostPort("proxy", 1), LOGIN)));
        assertTrue(small.acceptedBy(ProxyServer.http(new HostPort("proxy", 2), LOGIN))
                .isPresent());
    }

    @Test
    void isOneMemoryForARuntime() {
        assertSame(ProxyMemory.on(bench.runtime), ProxyMemory.on(bench.runtime));
    }

    @Test
    void triesNoBasicOnceDigestHasFailed() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(ASKS + DIGEST + "\r\n");
            for (int i = 0; i < 9; i++) {
                line.answer(ASKS + BASIC_OFFER + "\r\n");
            }
        }))) {
            refused(attempt(proxy, login()));
            assertEquals(2, proxy.requests().size());
            assertFalse(proxy.requests().toString().contains("Basic"), proxy.requests()::toString);
        }
    }

    @Test
    @DisplayName("F114 downgrade")
    void triesNoBasicOnceAnAuthenticatorHasFailed() throws Exception {
        ProxyAuthentication both = login().toBuilder().authenticator(refusing()).build();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(
                List.of(offering("Proxy-Authenticate: Broken, Basic realm=\"x\"\r\n", "never")))) {
            UpstreamException failure = refused(attempt(proxy, both));
            assertTrue(failure.getMessage().contains("no ticket"), failure::getMessage);
            assertFalse(proxy.requests().toString().contains("Basic"), proxy.requests()::toString);
        }
        try (ScriptedProxy proxy = ScriptedProxy.speaking(
                List.of(offering("Proxy-Authenticate: Broken\r\n" + DIGEST, "Digest Aladdin n")))) {
            assertNull(attempt(proxy, both), "what protects the password may be tried");
        }
    }

    @Test
    void obeysTheMinimumAndTheListOfSchemes() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(BASIC_OFFER, "never")))) {
            assertTrue(refused(attempt(
                            proxy,
                            login().toBuilder().minimum(Strength.DIGEST_MD5).build()))
                    .getMessage()
                    .contains("Basic is weaker than the minimum"));
            assertTrue(refused(attempt(
                            proxy,
                            login().toBuilder().allowBasicOverPlaintext(false).build()))
                    .getMessage()
                    .contains("Basic over plain text is switched off"));
            assertTrue(
                    refused(attempt(proxy, login().toBuilder().schemes("Digest").build()))
                            .getMessage()
                            .contains("none of the schemes"));
            assertFalse(proxy.requests().toString().contains("Proxy-Authorization"), proxy.requests()::toString);
        }
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering("Proxy-Authenticate: NTLM\r\n", "never")))) {
            assertTrue(refused(attempt(proxy, login())).getMessage().contains("allow NTLM if it must be"));
        }
    }

    /** A proxy that closes after its 407 need not wait for the answer: that is for the next connection. */
    @Test
    void waitsForCredentialsWhenTheProxyHasLeft() throws Exception {
        Executor later = CompletableFuture.delayedExecutor(200, TimeUnit.MILLISECONDS);
        ProxyCredentialsProvider slow = request -> CompletableFuture.supplyAsync(() -> LOGIN, later);
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(
                line -> line.answer("HTTP/1.1 407 P\r\nConnection: close\r\n" + BASIC_OFFER + "\r\n"),
                offering(BASIC_OFFER, BASIC)))) {
            assertNull(attempt(proxy, ProxyAuthentication.of(slow)));
            assertEquals(2, proxy.connections());
        }
    }

    @Test
    void obeysTheMinimumWhenANonceIsStale() throws Exception {
        String strong = "Proxy-Authenticate: Digest realm=\"corp\", nonce=\"a\", qop=\"auth\", algorithm=SHA-256\r\n";
        String weak = "Proxy-Authenticate: Digest realm=\"corp\", nonce=\"b\", qop=\"auth\", stale=true\r\n";
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            line.answer(ASKS + strong + "\r\n");
            line.answer(ASKS + weak + "\r\n");
            line.answer(ESTABLISHED);
        }))) {
            ProxyServer server = ProxyServer.of(
                    ProxyKind.HTTP,
                    proxy.address(),
                    login().toBuilder().minimum(Strength.DIGEST_SHA_256).build());
            refused(attempt(server, ProxyMemory.ofAllSchemes()));
            assertEquals(2, proxy.requests().size());
        }
    }

    @Test
    void triesNoBasicInPlaceOfADigestThatWasAcceptedBefore() throws Exception {
        ProxyMemory real = ProxyMemory.ofAllSchemes();
        AtomicBoolean hostile = new AtomicBoolean();
        String digest = "Proxy-Authenticate: Digest realm=\"corp\", nonce=\"a\", qop=\"auth\"\r\n";
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            if (hostile.get()) {
                offering(BASIC_OFFER, "never").play(line);
            } else {
                offering(digest, "Digest username").play(line);
            }
        }))) {
            ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), login());
            assertNull(attempt(server, real));
            proxy.restart(ScriptedProxy.WHOLE);
            hostile.set(true);
            refused(attempt(server, real));
            assertTrue(proxy.requests().get(0).contains("Digest username"), proxy.requests()::toString);
            assertFalse(proxy.requests().toString().contains("Basic"), proxy.requests()::toString);
        }
    }

    @Test
    void asksTheProviderAgainAfterARefusal() throws Exception {
        BlockingQueue<ProxyCredentialsProvider.Request> asked = new LinkedBlockingQueue<>();
        ProxyCredentialsProvider vault = request -> {
            asked.add(request);
            return CompletableFuture.supplyAsync(
                    () -> request.rejected() ? LOGIN : new UserPassword("Aladdin", "of yesterday"));
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(BASIC_OFFER, BASIC)))) {
            assertNull(attempt(proxy, ProxyAuthentication.of(vault)));
            assertEquals(3, proxy.requests().size());
            ProxyCredentialsProvider.Request first = asked.remove();
            assertEquals("Basic", first.scheme());
            assertEquals("corp", first.realm());
            assertFalse(first.rejected());
            assertTrue(asked.remove().rejected());
        }
    }

    @Test
    void givesUpAfterTwoRefusals() throws Exception {
        BlockingQueue<Boolean> asked = new LinkedBlockingQueue<>();
        ProxyCredentialsProvider vault = request -> {
            asked.add(request.rejected());
            return CompletableFuture.completedFuture(new UserPassword("u", "wrong" + asked.size()));
        };
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(BASIC_OFFER, "never")))) {
            refused(attempt(proxy, ProxyAuthentication.of(vault)));
            assertEquals(3, proxy.requests().size());
            assertEquals(2, asked.size());
        }
    }

    @Test
    void sendsRefusedCredentialsNotAgain() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(DIGEST, "never")))) {
            refused(attempt(proxy, ProxyAuthentication.of(request -> CompletableFuture.completedFuture(LOGIN))));
            assertEquals(2, proxy.requests().size());
        }
    }

    @Test
    void saysThatTheProviderFailed() throws Exception {
        IllegalStateException locked = new IllegalStateException("hunter2");
        for (ProxyCredentialsProvider vault :
                List.<ProxyCredentialsProvider>of(request -> CompletableFuture.failedFuture(locked), request -> {
                    throw locked;
                })) {
            try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(BASIC_OFFER, "never")))) {
                UpstreamException failure = refused(attempt(proxy, ProxyAuthentication.of(vault)));
                assertTrue(failure.getMessage().contains("their provider failed"), failure::getMessage);
                assertFalse(failure.getMessage().contains("hunter2"), failure::getMessage);
                assertSame(locked, failure.getCause());
                assertEquals(1, proxy.requests().size());
            }
        }
    }

    @Test
    void sendsCredentialsThatNobodyCanExpressToNobody() throws Exception {
        ProxyAuthentication login =
                ProxyAuthentication.of(request -> CompletableFuture.completedFuture(new UserPassword("a\r\nb", "p")));
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering(BASIC_OFFER, "never")))) {
            UpstreamException failure = attempt(proxy, login);
            assertNotNull(failure);
            assertEquals(FailureKind.CONFIGURATION, failure.kind());
        }
    }

    @Test
    void sendsNoAnswerThatIsMoreThanOneLine() throws Exception {
        ProxyAuthentication login = ProxyAuthentication.builder()
                .authenticator(saying("Own a\r\nX: y"))
                .build();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering("Proxy-Authenticate: own\r\n", "never")))) {
            UpstreamException failure = attempt(proxy, login);
            assertNotNull(failure);
            assertEquals(FailureKind.CONFIGURATION, failure.kind());
            assertEquals(1, proxy.requests().size());
        }
    }

    @Test
    void speaksASchemeThatTheApplicationBrings() throws Exception {
        ProxyAuthentication login =
                login().toBuilder().authenticator(saying("Own value")).build();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(
                List.of(offering(DIGEST + "Proxy-Authenticate: oWN\r\n", "Proxy-Authorization: Own value\r\n")))) {
            assertNull(attempt(proxy, login));
            assertEquals(2, proxy.requests().size());
        }
    }

    @Test
    void stopsAfterEightRequests() throws Exception {
        ProxyAuthentication login =
                ProxyAuthentication.builder().authenticator(chatting()).build();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(offering("Proxy-Authenticate: Chat\r\n", "never")))) {
            assertTrue(refused(attempt(proxy, login)).getMessage().contains("8 requests"));
            assertEquals(Negotiation.MAX_REQUESTS, proxy.requests().size());
        }
    }

    @Test
    void opensNoMoreThanThreeConnections() throws Exception {
        ProxyAuthentication login =
                ProxyAuthentication.builder().authenticator(counting()).build();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(
                List.of(line -> line.answer("HTTP/1.0 407 P\r\nProxy-Authenticate: Count stale=true\r\n\r\n")))) {
            assertTrue(refused(attempt(proxy, login)).getMessage().contains("closes the connection after each answer"));
            assertEquals(3, proxy.connections());
        }
    }

    @Test
    void sendsTheHeaderFieldsThatWereChosen() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.answering(ESTABLISHED)) {
            ProxyServer server = ProxyServer.http(proxy.address())
                    .withHeaders(new ProxyHeaders("Edge/1", Map.of()).with("X-Site", "north"));
            assertNull(attempt(server));
            assertEquals(
                    List.of(
                            "CONNECT hub.invalid:8883 HTTP/1.1",
                            "Host: hub.invalid:8883",
                            "User-Agent: Edge/1",
                            "Proxy-Connection: Keep-Alive",
                            "X-Site: north",
                            ""),
                    proxy.request().lines().toList());
        }
    }

    @Test
    void believesAProxyOnlyThatProvesItself() throws Exception {
        ProxyAuthentication login =
                ProxyAuthentication.builder().authenticator(doubting()).build();
        try (ScriptedProxy proxy =
                ScriptedProxy.speaking(List.of(offering("Proxy-Authenticate: Doubt\r\n", "Doubt x")))) {
            assertTrue(refused(attempt(proxy, login)).getMessage().contains("no proof"));
        }
        assertEquals(Optional.empty(), memory.acceptedBy(SERVER));
    }

    private static ProxyAuthenticator authenticator(
            String scheme, Function<ProxyChallenge, CompletionStage<String>> answer) {
        return new ProxyAuthenticator() {
            @Override
            public String scheme() {
                return scheme;
            }

            @Override
            public Conversation begin(TunnelRequest request) {
                return answer::apply;
            }
        };
    }

    private static ProxyAuthenticator saying(String value) {
        return authenticator("Own", challenge -> CompletableFuture.completedFuture(value));
    }

    private static ProxyAuthenticator refusing() {
        return authenticator(
                "Broken",
                challenge -> CompletableFuture.failedFuture(
                        UpstreamException.of(FailureKind.PROXY_AUTH, Where.here("tunnel"), "no ticket")));
    }

    private static ProxyAuthenticator counting() {
        AtomicInteger said = new AtomicInteger();
        return authenticator(
                "Count", challenge -> CompletableFuture.completedFuture("Count " + said.incrementAndGet()));
    }

    /** Never at a loss for another leg. */
    private static ProxyAuthenticator chatting() {
        AtomicInteger said = new AtomicInteger();
        return new ProxyAuthenticator() {
            @Override
            public String scheme() {
                return "Chat";
            }

            @Override
            public Conversation begin(TunnelRequest request) {
                return new Conversation() {
                    @Override
                    public CompletionStage<String> answer(ProxyChallenge challenge) {
                        return CompletableFuture.completedFuture("Chat " + said.incrementAndGet());
                    }

                    @Override
                    public boolean isBound() {
                        return true;
                    }
                };
            }
        };
    }

    private static ProxyAuthenticator doubting() {
        return new ProxyAuthenticator() {
            @Override
            public String scheme() {
                return "Doubt";
            }

            @Override
            public Conversation begin(TunnelRequest request) {
                return new Conversation() {
                    @Override
                    public CompletionStage<String> answer(ProxyChallenge challenge) {
                        return CompletableFuture.completedFuture("Doubt x");
                    }

                    @Override
                    public void opened(Map<String, List<String>> fields) throws UpstreamException {
                        throw UpstreamException.of(FailureKind.PROXY_AUTH, Where.here("tunnel"), "no proof");
                    }
                };
            }
        };
    }
}
