// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import org.junit.jupiter.api.Test;

class HubLimitTest {
    @Test
    void countsBodySystemValuesAndApplicationNamesAndValuesInUtf8() {
        assertEquals(
                3 + 2 + 1 + 4,
                HubLimit.size(Telemetry.of(new byte[3]).messageId("é").property("k", "😀")));
    }

    @Test
    void takesAMessageOfExactlyTheLimitAndNoByteMore() {
        assertDoesNotThrow(
                () -> HubLimit.require(Telemetry.of(new byte[262_143]).messageId("m")));
        UpstreamException refusal = assertThrows(
                UpstreamException.class,
                () -> HubLimit.require(Telemetry.of(new byte[262_144]).messageId("m")));

        assertEquals(FailureKind.TOO_LARGE, refusal.kind());
        assertTrue(refusal.getMessage().startsWith("the message has 262145 bytes"), refusal.getMessage());
    }
}
