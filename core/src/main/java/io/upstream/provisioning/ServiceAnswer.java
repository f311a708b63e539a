// SPDX-License-Identifier: Apache-2.0
package io.upstream.provisioning;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What the service answered to a request.
 *
 * @param status as in HTTP
 * @param retryAfter when to ask again, null if that is left open
 * @param body JSON
 */
@SuppressWarnings("ArrayRecordComponent") // answers are never compared
public record ServiceAnswer(int status, @Nullable Duration retryAfter, byte[] body) {
    private static final int MOST_DIGITS = 9;

    boolean isGood() {
        return status >= 200 && status <= 299;
    }

    /** Reads a {@code retry-after}: whole seconds. What is none leaves the time open. */
    public static @Nullable Duration seconds(@Nullable String text) {
        String digits = text == null ? "" : text.strip();
        boolean number = !digits.isEmpty()
                && digits.length() <= MOST_DIGITS
                && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        return number ? Duration.ofSeconds(Long.parseLong(digits)) : null;
    }
}
