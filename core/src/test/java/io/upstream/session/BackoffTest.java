// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Reconnect;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class BackoffTest {
    private long now;

    private Backoff backoff(Reconnect policy, double drawn) {
        RandomGenerator constant = new RandomGenerator() {
            @Override
            public long nextLong() {
                throw new AssertionError("only parts of one are drawn");
            }

            @Override
            public double nextDouble() {
                return drawn;
            }
        };
        return new Backoff(policy, () -> now, constant);
    }

    /** P18: the bounds. */
    @Test
    void drawsFromARangeThatDoublesUpToTheMost() {
        Backoff longest = backoff(Reconnect.DEFAULT, 1);
        for (long seconds : new long[] {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
            assertEquals(Duration.ofSeconds(seconds), longest.pauseAfter(FailureKind.RESET));
        }
        Backoff shortest = backoff(Reconnect.DEFAULT, 0);
        for (int i = 0; i < 100; i++) {
            assertEquals(Backoff.LEAST, shortest.pauseAfter(FailureKind.RESET), "never at once, at the most neither");
        }
    }

    /** P18: at the cap, too. */
    @Test
    void spreadsThoseThatWereLostTogetherOverTheWholeRange() {
        int[] bySixth = new int[6];
        for (int i = 0; i < 6_000; i++) {
            Backoff each = new Backoff(Reconnect.DEFAULT, () -> now, new Random(i));
            for (int failure = 0; failure < 7; failure++) {
                each.pauseAfter(FailureKind.TIMEOUT);
            }
            bySixth[(int) Math.min(5, each.pauseAfter(FailureKind.TIMEOUT).toSeconds() / 10)]++;
        }
        for (int count : bySixth) {
            assertTrue(count > 800 && count < 1_200, "of 6000 in a sixth: " + count);
        }
    }

    /** P22: 30 s, not 29. */
    @ParameterizedTest
    @CsvSource({"29, 4", "30, 1"})
    void beginsAnewOnlyAfterAConnectionThatLasted(int seconds, int pause) {
        Backoff backoff = backoff(Reconnect.DEFAULT, 1);
        backoff.pauseAfter(FailureKind.RESET);
        backoff.pauseAfter(FailureKind.RESET);
        backoff.succeeded();
        now += Duration.ofSeconds(seconds).toNanos();
        assertEquals(Duration.ofSeconds(pause), backoff.pauseAfter(FailureKind.RESET));
    }

    /** P17: seconds at least, for the first and for the tenth failure in a row. */
    @ParameterizedTest
    @CsvSource({
        "UNREACHABLE, 0, 0",
        "RESET, 0, 0",
        "DNS, 0, 0",
        "CLOSED_BY_PEER, 0, 0",
        "PROXY_UNREACHABLE, 0, 0",
        "INTERNAL, 0, 0",
        "CLOSED, 0, 0",
        "VERSION_MISMATCH, 0, 0",
        "TOO_LARGE, 0, 0",
        "INVALID, 0, 0",
        "OUTBOX_FULL, 0, 0",
        "THROTTLED, 10, 10",
        "QUOTA, 300, 300",
        "UNAUTHORIZED, 0, 300",
        "TOKEN_EXPIRED, 0, 300",
        "PROXY_AUTH, 300, 300",
        "PROXY_DENIED, 60, 60",
        "TLS_TRUST, 60, 60",
        "TLS_NAME, 60, 60",
        "TLS_EXPIRED, 60, 60",
        "TLS_OTHER, 60, 60",
        "NOT_FOUND, 300, 300",
        "DEVICE_DISABLED, 300, 300",
        "KICKED, 0, 60",
        "PROTOCOL, 0, 300",
        "WS_REJECTED, 0, 300",
        "CONFIGURATION, 60, 60",
        "TIMEOUT, 0, 0",
        "REFUSED, 0, 0",
        "SERVER_ERROR, 0, 0",
    })
    void waitsLongerForWhatWillNotPassByItself(FailureKind kind, int first, int tenth) {
        Backoff backoff = backoff(Reconnect.DEFAULT, 0);
        assertEquals(least(first), backoff.pauseAfter(kind));
        for (int i = 0; i < 8; i++) {
            backoff.pauseAfter(kind);
        }
        assertEquals(least(tenth), backoff.pauseAfter(kind));
    }

    /** P17: no kind of failure ends a session but its own end. */
    @ParameterizedTest
    @EnumSource
    void triesForEverUnlessItIsClosedHere(FailureKind kind) {
        assertEquals(kind == FailureKind.CLOSED, Remedy.of(kind) == Remedy.GIVE_UP, "P17");
    }

    @Test
    void givesUpWhenAClassIsMissing() {
        UpstreamException broken = UpstreamException.of(
                FailureKind.INTERNAL, Where.here("mqtt"), "no such class", new NoClassDefFoundError("x"));
        assertEquals(Remedy.GIVE_UP, Remedy.of(broken));
    }

    /** P20: what a peer asks for is a lower bound, but no order to be silent for good. */
    @ParameterizedTest
    @CsvSource({
        "THROTTLED, 0, 10",
        "THROTTLED, 5, 10",
        "THROTTLED, 40, 40",
        "THROTTLED, 3000, 300",
        "PROXY_UNREACHABLE, 0, 0",
        "PROXY_UNREACHABLE, 7, 7",
        "PROXY_UNREACHABLE, 999999, 300"
    })
    void waitsAtLeastAsLongAsThePeerAsks(FailureKind kind, int asked, int least) {
        UpstreamException asks =
                UpstreamException.later(kind, Where.here("tunnel"), "not now", Duration.ofSeconds(asked));
        assertEquals(least(least), backoff(Reconnect.DEFAULT, 0).pauseAfter(asks));
    }

    @Test
    void isInConflictWhenItIsPushedOffThreeTimesAMinute() {
        Backoff backoff = backoff(Reconnect.DEFAULT, 0);
        for (int second : new int[] {0, 40, 80, 120}) {
            now = Duration.ofSeconds(second).toNanos();
            assertEquals(Backoff.LEAST, backoff.pauseAfter(FailureKind.KICKED), "at " + second + " s");
        }
        now = Duration.ofSeconds(130).toNanos();
        assertEquals(Duration.ofSeconds(60), backoff.pauseAfter(FailureKind.KICKED));
    }

    private static Duration least(int seconds) {
        return seconds == 0 ? Backoff.LEAST : Duration.ofSeconds(seconds);
    }

    @ParameterizedTest
    @EnumSource
    void neverWaitsLongerThanAQuarterOfAnHourByDefault(FailureKind kind) {
        Backoff backoff = backoff(Reconnect.DEFAULT, 1);
        for (int i = 0; i < 100; i++) {
            assertTrue(backoff.pauseAfter(kind).compareTo(Duration.ofMinutes(15)) <= 0);
        }
    }

    @Test
    void keepsToAPolicyOfVeryShortPauses() {
        Backoff backoff = backoff(new Reconnect(Duration.ofMillis(5), Duration.ofMillis(20)), 1);
        for (long millis : new long[] {5, 10, 20, 20}) {
            assertEquals(Duration.ofMillis(millis), backoff.pauseAfter(FailureKind.REFUSED));
        }
    }
}
