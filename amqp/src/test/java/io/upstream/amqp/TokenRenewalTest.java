// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.UpstreamException;
import io.upstream.UpstreamSession;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Tokens that the application makes, and fails to make, while a session is up: P25 and P26. */
class TokenRenewalTest {
    private static final Duration LIFE = Duration.ofMinutes(60);

    private final ScriptedPeer peer = new ScriptedPeer();
    private int asked;
    private Supplier<CompletionStage<SasToken>> renewal = () -> CompletableFuture.completedFuture(token(asked));

    @AfterEach
    void close() {
        peer.close();
    }

    /** Each lasts a minute longer than the one before, as if time had passed. */
    private static SasToken token(int number) {
        Instant end = Instant.now().plus(LIFE).plusSeconds(60L * number);
        return SasToken.of("SharedAccessSignature sr=hub.test%2Fdevices%2Fd&sig=x&se=" + end.getEpochSecond());
    }

    private UpstreamSession open() {
        SasTokenProvider provider =
                request -> ++asked == 1 ? CompletableFuture.completedFuture(token(0)) : renewal.get();
        peer.credentials = provider;
        return peer.open();
    }

    @Test
    void presentsTheNextTokenAheadOfTheEndOfTheFormer() {
        UpstreamSession session = open();
        peer.passAlive(Duration.ofMinutes(44));
        assertEquals(1, asked);
        peer.passAlive(Duration.ofMinutes(8));
        assertEquals(2, asked);
        assertEquals(2, peer.tokens.size());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void leavesTheSessionAsItIsWhenTheProviderFails() {
        UpstreamSession session = open();
        renewal = () -> CompletableFuture.failedFuture(new IllegalStateException("no chip"));
        peer.passAlive(Duration.ofMinutes(53));
        assertTrue(asked > 3, "asked " + asked + " times");
        assertEquals(1, peer.tokens.size());
        assertEquals(Phase.CONNECTED, session.status().phase());

        renewal = () -> CompletableFuture.completedFuture(token(9));
        peer.passAlive(Duration.ofMinutes(1));
        assertEquals(2, peer.tokens.size());
    }

    @Test
    void presentsNoTokenThatLastsNoLongerThanTheOneInUse() {
        SasToken cached = token(0);
        renewal = () -> CompletableFuture.completedFuture(cached);
        UpstreamSession session = open();
        peer.passAlive(Duration.ofMinutes(59));
        assertTrue(asked > 3 && asked < 400, "asked " + asked + " times");
        assertEquals(1, peer.tokens.size());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void asksNobodyElseWhileTheProviderTakesItsTime() {
        CompletableFuture<SasToken> slow = new CompletableFuture<>();
        renewal = () -> slow;
        UpstreamSession session = open();
        peer.passAlive(Duration.ofMinutes(53));
        assertEquals(2, asked);
        assertEquals(1, peer.tokens.size());
        slow.complete(token(5));
        peer.exchange();
        assertEquals(2, peer.tokens.size());
        assertEquals(Phase.CONNECTED, session.status().phase());
    }

    @Test
    void asksNoMoreWhenTheSessionIsClosed() {
        UpstreamSession session = open();
        session.close(Duration.ZERO);
        peer.exchange();
        peer.passAlive(Duration.ofMinutes(59));
        assertEquals(1, asked);
    }

    @Test
    void saysThatItWasTheTokenThatDidNotCome() {
        peer.credentials = (SasTokenProvider) request -> new CompletableFuture<>();
        CompletableFuture<UpstreamSession> opening = peer.opening();
        peer.pass(Duration.ofSeconds(31));
        UpstreamException failure = assertInstanceOf(
                UpstreamException.class,
                assertThrows(CompletionException.class, opening::join).getCause());
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals("token", failure.stage());
        assertTrue(failure.getMessage().contains("there was no token yet"), failure.getMessage());
    }

    /** What a provider has cached it gives again, though the hub does not take it any more. */
    @Test
    void aCachedTokenThatTheHubRefusesIsPresentedSeldom() {
        peer.reconnect = Reconnect.DEFAULT;
        renewal = () -> CompletableFuture.completedFuture(token(0));
        UpstreamSession session = open();
        peer.tokenStatus = 401;
        peer.detach(peer.telemetryLink(), "amqp:unauthorized-access");
        peer.exchange();
        peer.passAlive(Duration.ofHours(1));
        assertEquals(FailureKind.UNAUTHORIZED, session.status().cause().kind());
        int refused = peer.tokens.size() - 1;
        assertTrue(refused >= 10 && refused <= 20, refused + " times in an hour");
        assertEquals(refused + 1, asked, "asked for each attempt, and not more");
        assertTrue(peer.client.isOpen(), "siblings are left alone");
        peer.tokenStatus = 200;
        peer.passAlive(Duration.ofMinutes(10));
        assertEquals(Phase.CONNECTED, session.status().phase());
    }
}
