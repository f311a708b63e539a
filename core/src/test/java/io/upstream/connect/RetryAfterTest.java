// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryAfterTest {
    @ParameterizedTest(name = "{0} is {1} s")
    @CsvSource(nullValues = "none", delimiter = '|', textBlock = """
                    none | 0
                    0 | 0
                    7 | 7
                    60 | 60
                    61 | 60
                    315360000 | 60
                    99999999999999 | 0
                    -5 | 0
                    1.5 | 0
                    soon | 0
                    Fri, 31 Dec 1999 23:59:59 GMT | 0
                    """)
    void takesSecondsOnly(@Nullable String value, int seconds) {
        assertEquals(Duration.ofSeconds(seconds), RetryAfter.of(value));
    }
}
