// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.Registration;
import io.upstream.SasKey;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamSession;
import io.upstream.amqp.engine.Opening;
import io.upstream.connect.Silence;
import io.upstream.session.Pace;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** P11, the rows of AMQP, by a clock that the test moves; the attempt has thirty seconds here. */
class LoginLimitTest {
    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final ScriptedPeer peer = new ScriptedPeer();
    private final UpstreamOptions options = UpstreamOptions.forHub("hub.test").build();

    @AfterEach
    void close() {
        peer.close();
    }

    @Test
    void theConnectionHasTwentySecondsToOpen() {
        Opening opening =
                new Opening(Opening.Login.ANONYMOUS, "test", "hub.test", Duration.ofSeconds(60), Duration.ofMinutes(4));
        try (Silence silence = new Silence()) {
            silence.with(new AmqpStage(opening, Map.of(), new Pace(options, () -> 0L)))
                    .endsAfter(LIMIT, "amqp");
        }
    }

    @Test
    void theProvisioningServiceHasAsMuch() {
        Registration registration = Registration.of("0ne1", "sensor-7", SasKey.of("a2V5"));
        try (Silence silence = new Silence()) {
            silence.with(new RegistrationLogin(registration, options)).endsAfter(LIMIT, "amqp");
        }
    }

    private static void endsAfter(ScriptedPeer peer, CompletableFuture<UpstreamSession> opening, String stage) {
        peer.pass(LIMIT.minusMillis(1));
        assertFalse(opening.isDone());
        peer.pass(Duration.ofMillis(1));
        UpstreamException failure = (UpstreamException)
                assertThrows(CompletionException.class, opening::join).getCause();
        assertEquals(FailureKind.TIMEOUT, failure.kind());
        assertEquals(stage, failure.stage());
        assertTrue(failure.getMessage().contains("the 20 s for that stage are over"), failure.getMessage());
    }

    @Test
    void aTokenHasTwentySecondsForItsAnswer() {
        peer.tokenStatus = 0;
        endsAfter(peer, peer.opening(), "cbs");
    }

    @Test
    void theLinksToTheTokenServiceHaveNoMore() {
        peer.attachesTokens = false;
        endsAfter(peer, peer.opening(), "cbs");
    }

    @Test
    void theSessionAndItsLinkHaveTwentySeconds() {
        peer.attachesTelemetry = false;
        endsAfter(peer, peer.opening(), "attach");
    }

    /** Thirty are under way at most: the others have not been put to the hub, which is at work on these. */
    @Test
    void aTokenThatWaitsForItsTurnIsNotLate() {
        peer.tokenStatus = 0;
        List<CompletableFuture<UpstreamSession>> opening =
                IntStream.range(0, 40).mapToObj(i -> peer.opening()).toList();
        peer.pass(Duration.ofSeconds(15));
        for (int first = 0; first < 20; first++) {
            peer.answer(peer.tokens.get(first), 200);
        }
        peer.exchange();
        peer.pass(Duration.ofSeconds(6));
        peer.tokenStatus = 200;
        for (int next = 20; next < 30; next++) {
            peer.answer(peer.tokens.get(next), 200);
        }
        for (int next = 30; next < peer.tokens.size(); next++) {
            peer.answer(peer.tokens.get(next), 200);
            peer.exchange();
        }
        peer.exchange();
        assertTrue(opening.stream().allMatch(each -> each.join().status().phase() == Phase.CONNECTED));
    }
}
