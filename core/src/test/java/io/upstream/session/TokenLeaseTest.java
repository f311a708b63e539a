// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.SasToken;
import io.upstream.SasTokenProvider;
import io.upstream.testing.VirtualWorld;
import java.time.Duration;
import java.time.Instant;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** P27: how long a token lasts is told from its issue, and no jump of the time of day changes that. */
class TokenLeaseTest {
    private final VirtualWorld world = new VirtualWorld(1);

    @AfterEach
    void close() {
        world.close();
    }

    private static SasToken token(Instant end) {
        return SasToken.of("SharedAccessSignature sr=h%2Fdevices%2Fd&sig=x&se=" + end.getEpochSecond());
    }

    private TokenSource source(SasTokenProvider provider) {
        return new TokenSource(provider, "h", Identity.device("d"), world.runtime(), Runnable::run);
    }

    private TokenLease next(TokenSource source) {
        return source.next(world::nanoTime).toCompletableFuture().join();
    }

    private Duration left(TokenLease lease) {
        return Duration.ofMillis(lease.millisLeft(world.nanoTime()).orElseThrow());
    }

    @Test
    void lastsAsLongAsItWasSignedForWhateverBecomesOfTheTimeOfDay() {
        TokenSource key = new TokenSource(
                SasKey.of("a2V5").lifetime(Duration.ofMinutes(10)),
                "h",
                Identity.device("d"),
                world.runtime(),
                Runnable::run);
        world.putClock(Duration.ofDays(-400));
        TokenLease lease = next(key);
        world.putClock(Duration.ofDays(400));
        world.pass(Duration.ofMinutes(3));
        assertEquals(7, left(lease).plusSeconds(1).toMinutes());
    }

    @Test
    void aTokenThatSeemsToHaveEndedIsPresentedAndNotReplacedAtOnce() {
        Instant end = world.truth().plus(Duration.ofHours(1));
        TokenSource right = source(request -> CompletableFuture.completedFuture(token(end)));
        world.putClock(Duration.ofDays(1));
        assertEquals(TokenLease.ASSUMED, left(next(right)));
    }

    @Test
    void aTokenThatSaysNoEndHasNone() {
        SasToken odd = SasToken.of("SharedAccessSignature sr=h&sig=x&se=never");
        assertEquals(
                OptionalLong.empty(),
                next(source(request -> CompletableFuture.completedFuture(odd))).millisLeft(0));
    }

    @Test
    void tokensThatAllSeemVeryShortAreNotReplacedEverFaster() {
        TokenSource source = source(request ->
                CompletableFuture.completedFuture(token(world.timeOfDay().plusSeconds(4))));
        for (int i = 0; i < 10; i++) {
            assertTrue(left(next(source)).toSeconds() <= 4);
        }
        assertEquals(TokenLease.ASSUMED, left(next(source)));
    }

    @Test
    void outlastsWhatTheHubTakesForAShorterTime() {
        Instant now = world.truth();
        TokenLease first = new TokenLease(token(now.plusSeconds(10)), OptionalLong.empty());
        TokenLease second = new TokenLease(token(now.plusSeconds(20)), OptionalLong.empty());
        assertTrue(second.outlasts(first));
        assertFalse(first.outlasts(second));
        assertFalse(first.outlasts(first), "the same again");
    }
}
