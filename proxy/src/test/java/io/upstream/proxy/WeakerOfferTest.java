// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static io.upstream.proxy.TunnelBench.LOGIN;
import static io.upstream.proxy.TunnelBench.login;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import io.upstream.proxy.ProxyMemory.Accepted;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A proxy that asks for less than it took before is not believed for an hour, whichever attempt it is that it asks. */
class WeakerOfferTest {
    private static final String BASIC = "Basic realm=\"corp\"";
    private static final String MD5 = "Digest realm=\"corp\", nonce=\"m\", qop=\"auth\"";
    private static final String SHA = "Digest realm=\"corp\", nonce=\"s\", qop=\"auth\", algorithm=SHA-256";

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1); // it may run over
    private final ProxyMemory memory = new ProxyMemory(
            List.of(new DigestScheme(new DigestMemory()), new NtlmScheme(), new BasicScheme()), nanos::get);
    private final AtomicReference<String> offer = new AtomicReference<>(MD5);
    private final AtomicReference<String> verdict = new AtomicReference<>(ESTABLISHED);
    private final TunnelBench bench = new TunnelBench();
    private ScriptedProxy proxy;

    @BeforeEach
    void start() throws IOException {
        proxy = ScriptedProxy.speaking(List.of(line -> {
            String request = line.request();
            while (!answers(request, offer.get())) {
                line.send("HTTP/1.1 407 P\r\nContent-Length: 0\r\nProxy-Authenticate: " + offer.get() + "\r\n\r\n");
                request = line.request();
            }
            line.send(verdict.get());
            line.awaitEnd();
        }));
    }

    private static boolean answers(String request, String offer) {
        return request.contains(
                offer.equals(BASIC) ? "Authorization: Basic " : offer.equals(SHA) ? "nonce=\"s\"" : "nonce=\"m\"");
    }

    @AfterEach
    void stop() throws IOException {
        proxy.close();
        bench.close();
    }

    private @Nullable UpstreamException attempt(ProxyAuthentication login) throws Exception {
        proxy.restart(ScriptedProxy.WHOLE);
        ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), login);
        return bench.attempt(server, new TunnelStage(server, TunnelBench.HUB, memory, TunnelBench.QUICK), List.of());
    }

    private void takes(String offered) throws Exception {
        offer.set(offered);
        assertNull(attempt(login()));
    }

    private void isNotBelieved(String offered, String before) throws Exception {
        offer.set(offered);
        UpstreamException failure = attempt(login());
        assertNotNull(failure);
        assertEquals(FailureKind.PROXY_AUTH, failure.kind());
        assertTrue(
                failure.getMessage().contains("asks for less than before, when it took " + before),
                failure::getMessage);
        assertTrue(failure.getMessage().contains("believed after 60 min"), failure::getMessage);
        assertFalse(proxy.requests().toString().contains("Proxy-Authorization: Basic"), proxy.requests()::toString);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '\0',
            value = {SHA + " | " + MD5, SHA + " | " + BASIC, MD5 + " | " + BASIC})
    void isNotAnsweredHoweverManyAttemptsLater(String before, String weaker) throws Exception {
        takes(before);
        for (int i = 0; i < 3; i++) {
            isNotBelieved(weaker, "Digest");
            nanos.addAndGet(Duration.ofMinutes(10).toNanos());
        }
        takes(before);
    }

    @Test
    void isAnsweredAfterAnHourOfIt() throws Exception {
        takes(MD5);
        nanos.addAndGet(Duration.ofDays(9).toNanos());
        isNotBelieved(BASIC, "Digest");
        nanos.addAndGet(ProxyMemory.DISBELIEF.toNanos() - 1);
        isNotBelieved(BASIC, "Digest");
        nanos.addAndGet(1);
        takes(BASIC);
        takes(BASIC);
    }

    @Test
    void isDoubtedAfreshOnceTheProxyHasProvedBetter() throws Exception {
        takes(MD5);
        isNotBelieved(BASIC, "Digest");
        nanos.addAndGet(ProxyMemory.DISBELIEF.toNanos() - 1);
        takes(MD5);
        nanos.addAndGet(1);
        isNotBelieved(BASIC, "Digest");
    }

    @Test
    void isAnsweredWhereNothingBetterIsAllowed() throws Exception {
        takes(SHA);
        offer.set(BASIC);
        assertNull(attempt(login().toBuilder().schemes("Basic").build()));
        isNotBelieved(BASIC, "Digest");
    }

    @Test
    void isAnsweredByAnotherUser() throws Exception {
        takes(SHA);
        offer.set(BASIC);
        assertNull(attempt(ProxyAuthentication.of(new UserPassword("Jasmine", "tiger"))));
    }

    @Test
    void isNotAnsweredAfterADigestThatOnlyTheTunnelWasRefusedFor() throws Exception {
        offer.set(SHA);
        verdict.set("HTTP/1.1 403 Forbidden\r\n\r\n");
        UpstreamException failure = attempt(login());
        assertNotNull(failure);
        assertEquals(FailureKind.PROXY_DENIED, failure.kind());
        isNotBelieved(BASIC, "Digest");
    }

    @Test
    void isNoOfferForWhoHasNoPassword() throws Exception {
        ProxyServer server = ProxyServer.http(proxy.address());
        memory.remember(server, new Accepted("Digest", "corp", PasswordScheme.DIGEST_MD5));
        offer.set(BASIC);
        UpstreamException failure = attempt(ProxyAuthentication.NONE);
        assertNotNull(failure);
        assertTrue(failure.getMessage().contains("put user and password"), failure::getMessage);
    }

    @Test
    void isRememberedForSoManyProxiesOnly() {
        for (int port = 1; port <= ProxyMemory.MAX_PROXIES + 1; port++) {
            memory.remember(at(port), new Accepted("Digest", "", PasswordScheme.DIGEST_MD5));
        }
        assertEquals(Optional.empty(), memory.bestOf(at(1)));
        assertTrue(memory.bestOf(at(2)).isPresent());
    }

    private static ProxyServer at(int port) {
        return ProxyServer.http(new HostPort("proxy", port), LOGIN);
    }
}
