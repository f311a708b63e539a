// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static io.upstream.proxy.TunnelBench.ESTABLISHED;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The schemes that every runtime brings, in whole dialogues. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RuntimeSchemesTest {
    private static final String DIGEST = "HTTP/1.1 407 P\r\nContent-Length: 0\r\nProxy-Authenticate: Digest"
            + " realm=\"corp\", nonce=\"abc\", qop=\"auth\", algorithm=SHA-256\r\n";
    private static final String BASIC_TOO = "Proxy-Authenticate: Basic realm=\"corp\"\r\n\r\n";

    private final TunnelBench bench = new TunnelBench();

    @AfterAll
    void closeRuntime() {
        bench.close();
    }

    private @Nullable UpstreamException attempt(ScriptedProxy proxy, ProxyAuthentication login) throws Exception {
        ProxyServer server = ProxyServer.of(ProxyKind.HTTP, proxy.address(), login);
        return bench.attempt(server, new TunnelStage(server, TunnelBench.HUB, bench.runtime), List.of());
    }

    @Test
    void answersDigestAndSpeaksItUnaskedFromThenOn() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(line -> {
            while (!line.request().contains("Proxy-Authorization: Digest ")) {
                line.send(DIGEST + BASIC_TOO);
            }
            line.send(ESTABLISHED);
            line.awaitEnd();
        }))) {
            assertNull(attempt(proxy, TunnelBench.login()));
            assertEquals(2, proxy.requests().size());
            String answer = proxy.requests().get(1);
            assertTrue(answer.contains("nc=00000001") && answer.contains("uri=\"hub.invalid:8883\""), answer);
            proxy.restart(ScriptedProxy.WHOLE);
            assertNull(attempt(proxy, TunnelBench.login()));
            assertEquals(1, proxy.requests().size());
            assertTrue(proxy.requests().get(0).contains("nc=00000002"), proxy.requests()::toString);
            assertFalse(proxy.requests().toString().contains("Basic"), proxy.requests()::toString);
        }
    }

    @Test
    @DisplayName("F69 407-lying-keepalive, Digest")
    void countsANonceOnceMoreWhenItsConnectionDied() throws Exception {
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(
                line -> {
                    line.answer(DIGEST + BASIC_TOO);
                    line.request();
                },
                line -> {
                    line.answer(ESTABLISHED);
                    line.awaitEnd();
                }))) {
            assertNull(attempt(proxy, TunnelBench.login()));
            assertTrue(proxy.requests().get(1).contains("nc=00000001"), proxy.requests()::toString);
            assertTrue(proxy.requests().get(2).contains("nc=00000002"), proxy.requests()::toString);
        }
    }

    @Test
    @DisplayName("F109 ntlm-http10")
    void saysThatNtlmNeedsAConnectionThatLasts() throws Exception {
        ProxyAuthentication windows =
                TunnelBench.login().toBuilder().schemes("NTLM").build();
        try (ScriptedProxy proxy = ScriptedProxy.speaking(List.of(
                line -> line.answer("HTTP/1.0 407 P\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n")))) {
            UpstreamException failure = attempt(proxy, windows);
            assertNotNull(failure);
            assertEquals(FailureKind.PROXY_AUTH, failure.kind());
            assertTrue(failure.getMessage().contains("keep connections alive"), failure::getMessage);
            assertEquals(3, proxy.connections());
        }
    }
}
