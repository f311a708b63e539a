// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.FailureKind;
import io.upstream.HostPort;
import io.upstream.ProxyAuthentication;
import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyKind;
import io.upstream.ProxyServer;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BearerAuthenticatorTest {
    private static final TunnelRequest SECURE = new TunnelRequest(
            ProxyServer.of(ProxyKind.HTTPS, new HostPort("proxy.corp.example", 443), ProxyAuthentication.NONE),
            "hub:443");

    private static BearerAuthenticator giving(String token) {
        return BearerAuthenticator.of(proxy -> CompletableFuture.completedFuture(token));
    }

    @Test
    void presentsAToken() throws Exception {
        Conversation conversation = giving("abc.def-_~+/==").begin(SECURE);
        assertEquals(Optional.empty(), conversation.unasked());
        assertFalse(conversation.isBound());
        assertEquals("Bearer abc.def-_~+/==", Asking.answer(conversation, "Bearer realm=\"x\""));
    }

    @Test
    void asksForATokenEachTimeThatTheProxyDoes() throws Exception {
        int[] number = {0};
        BearerAuthenticator bearer =
                BearerAuthenticator.of(proxy -> CompletableFuture.completedFuture("t" + number[0]++));
        assertEquals("Bearer t0", Asking.answer(bearer.begin(SECURE), "Bearer"));
        Conversation second = bearer.begin(SECURE);
        assertEquals("Bearer t1", Asking.answer(second, "Bearer"));
        assertEquals("Bearer t2", Asking.answer(second, "Bearer"));
    }

    @Test
    void sendsNoTokenInPlainTextUnlessForced() throws Exception {
        UpstreamException refused = Asking.refusal(giving("secret1").begin(Asking.tunnel()), "Bearer");
        assertEquals(FailureKind.CONFIGURATION, refused.kind());
        assertEquals(
                "Bearer secret1",
                Asking.answer(giving("secret1").evenInPlainText().begin(Asking.tunnel()), "Bearer"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a\r\nX: y", "a\"b", "=", "ä"})
    void refusesWhatIsNoTokenWithoutRepeatingIt(String token) {
        UpstreamException refused = Asking.refusal(giving(token).begin(SECURE), "Bearer");
        assertEquals(FailureKind.CONFIGURATION, refused.kind());
        assertFalse(refused.toString().contains("\r"), refused::toString);
    }

    @Test
    void saysSoWhenTheApplicationFails() {
        RuntimeException defect = new IllegalStateException("no vault");
        UpstreamException thrown = Asking.refusal(
                BearerAuthenticator.of(proxy -> {
                            throw defect;
                        })
                        .begin(SECURE),
                "Bearer");
        assertEquals(FailureKind.INTERNAL, thrown.kind());
        assertSame(defect, thrown.getCause());
        UpstreamException own = UpstreamException.of(FailureKind.UNREACHABLE, Where.here("vault"), "no vault");
        assertSame(
                own,
                Asking.refusal(
                        BearerAuthenticator.of(proxy -> CompletableFuture.failedFuture(own))
                                .begin(SECURE),
                        "Bearer"));
    }

    @Test
    void waitsOnlySoLongAndLeavesTheApplicationsFutureAlone() {
        CompletableFuture<String> never = new CompletableFuture<>();
        BearerAuthenticator bearer = BearerAuthenticator.of(proxy -> never).timeout(Duration.ofMillis(50));
        UpstreamException late = Asking.refusal(bearer.begin(SECURE), "Bearer");
        assertEquals(FailureKind.TIMEOUT, late.kind());
        assertEquals("here", late.hop(), "the proxy has nothing to do with it");
        assertFalse(never.isDone());
    }

    @Test
    void printsNothingAndRefusesSettingsThatCannotBe() {
        assertEquals("BearerAuthenticator[***]", giving("secret1").toString());
        assertThrows(IllegalArgumentException.class, () -> giving("secret1").timeout(Duration.ofSeconds(-1)));
    }
}
