// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TwinStatusTest {

    @ParameterizedTest
    @CsvSource({
        "400, INVALID",
        "401, UNAUTHORIZED",
        "403, QUOTA",
        "404, NOT_FOUND",
        "408, TIMEOUT",
        "409, VERSION_MISMATCH",
        "412, VERSION_MISMATCH",
        "413, TOO_LARGE",
        "429, THROTTLED",
        "499, INVALID",
        "500, SERVER_ERROR",
        "503, SERVER_ERROR",
        "504, TIMEOUT",
        "0, SERVER_ERROR",
        "1000, SERVER_ERROR",
    })
    void translatesAsHttpDoes(int status, FailureKind kind) {
        UpstreamException refused = TwinStatus.refusal(new Where("mqtt", "hub h:1"), "the patch", status, "why\n");
        assertEquals(kind, refused.kind());
        assertTrue(refused.getMessage().contains("hub h:1 answered the patch with status " + status + " (why"));
        assertTrue(refused.getMessage().lines().count() == 1, refused.getMessage());
    }

    @ParameterizedTest
    @CsvSource({"199, false", "200, true", "204, true", "299, true", "300, false"})
    void takesTheTwoHundredsForGood(int status, boolean good) {
        assertEquals(good, TwinStatus.isGood(status));
    }
}
