// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.SasToken;
import java.time.Duration;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A token, and when it ends by a monotonic clock: reckoned once, when the token came, so that no jump of the time of day after that makes it
 * seem older or younger than it is. A value.
 *
 * @param endsAt in nanoseconds of the clock that it was reckoned by; empty if the token does not say
 */
public record TokenLease(SasToken token, OptionalLong endsAt) {
    /** A token whose end cannot be told by this machine's clock is taken to last so long. */
    static final Duration ASSUMED = Duration.ofMinutes(5);

    private static final Pattern EXPIRY = Pattern.compile("[ &]se=(\\d{1,15})(?:&|$)");
    private static final Duration LONGEST = Duration.ofDays(10_000);

    /** For a token that lasts so long from {@code nanoTime} on. */
    static TokenLease lasting(SasToken token, Duration life, long nanoTime) {
        Duration bounded = life.compareTo(LONGEST) < 0 ? life : LONGEST;
        return new TokenLease(token, OptionalLong.of(nanoTime + bounded.toNanos()));
    }

    /** When {@code token} ends by the hub's clock, in seconds since 1970, if it says so. */
    static OptionalLong expiry(SasToken token) {
        Matcher expiry = EXPIRY.matcher(token.text());
        return expiry.find() ? OptionalLong.of(Long.parseLong(expiry.group(1))) : OptionalLong.empty();
    }

    /** In how many milliseconds from {@code nanoTime} it ends, if it says so; may be negative. */
    public OptionalLong millisLeft(long nanoTime) {
        return endsAt.isPresent()
                ? OptionalLong.of(TimeUnit.NANOSECONDS.toMillis(endsAt.getAsLong() - nanoTime))
                : OptionalLong.empty();
    }

    /**
     * Whether the hub takes it for longer than {@code former}, or that cannot be told: what is cached somewhere would else be asked for and
     * presented in ever shorter intervals. What the tokens say counts, for so the hub sees it; the time of day here does not.
     */
    public boolean outlasts(TokenLease former) {
        if (token.text().equals(former.token.text())) {
            return false;
        }
        OptionalLong mine = expiry(token);
        OptionalLong theirs = expiry(former.token);
        return mine.isEmpty() || theirs.isEmpty() || mine.getAsLong() >= theirs.getAsLong();
    }
}
