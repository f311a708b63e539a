// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DrainTest {
    @ParameterizedTest
    @CsvSource({"-1, 0", "0, 0", "30, 30", "86400, 86400", "86401, 86400", "9223372036854775807, 86400"})
    void isWithinWhatATimerCanCount(long asked, long seconds) {
        assertEquals(Duration.ofSeconds(seconds), Drain.bounded(Duration.ofSeconds(asked)));
    }
}
