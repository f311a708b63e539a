// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RegistrationTopicTest {
    @ParameterizedTest
    @CsvSource({
        "202/?$rid=1&retry-after=3, 202, 1, 3",
        "202/?retry-after=3&$rid=1, 202, 1, 3",
        "200/?$rid=a-1, 200, a-1,",
        "200/?%24rid=7&other=x, 200, 7,",
        "429/?$rid=1&retry-after, 429, 1,",
        "200/?$rid=1&$rid=2, 200, 2,",
        "200, 200, '',",
        "200/?, 200, '',",
    })
    void readsStatusRequestIdAndRetryAfter(String rest, int status, String rid, @Nullable String retryAfter) {
        RegistrationTopic topic = RegistrationTopic.parse(rest);
        assertEquals(new RegistrationTopic(status, rid, retryAfter), topic);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/?$rid=1", "20/?$rid=1", "2000/?$rid=1", "abc/?$rid=1", "-20/?$rid=1", "٢٠٠/?$rid=1"})
    void readsNothingElse(String rest) {
        assertNull(RegistrationTopic.parse(rest));
    }

    @Test
    void writesRequests() {
        assertEquals("$dps/registrations/PUT/iotdps-register/?$rid=1", RegistrationTopic.register("1"));
        assertEquals(
                "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=4.abc",
                RegistrationTopic.query("2", "4.abc"));
    }

    @Test
    void letsNoOperationIdChangeTheTopic() {
        assertTrue(RegistrationTopic.isFit("4.d0a671905ea5b2c8.42d78160-4c78-479e-8be7-61d5e55dac0d"));
        for (String id : new String[] {"a#", "a+", "a&b", "a?b", "a/b", "a b", "ä", "a\0", "x".repeat(1_025)}) {
            assertFalse(RegistrationTopic.isFit(id), id);
        }
    }
}
