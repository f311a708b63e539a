// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReconnectTest {
    @Test
    void knowsWhetherItIsWanted() {
        assertTrue(Reconnect.NEVER.isNever());
        assertFalse(Reconnect.DEFAULT.isNever());
    }

    @ParameterizedTest
    @CsvSource({"PT0S, PT1S", "PT-1S, PT1S", "PT2S, PT1S", "PT1S, PT0S", "PT1S, PT24H0.001S"})
    void refusesPausesThatMakeNoSense(Duration first, Duration most) {
        assertThrows(IllegalArgumentException.class, () -> new Reconnect(first, most));
    }

    @ParameterizedTest
    @CsvSource({"PT0.001S, PT0.001S", "PT1S, PT24H"})
    void takesTheLimitsThemselves(Duration first, Duration most) {
        assertFalse(new Reconnect(first, most).isNever());
    }
}
