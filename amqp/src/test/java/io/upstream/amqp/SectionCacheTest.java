// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.session.HubLimit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SectionCacheTest {
    private final SectionCache cache = new SectionCache();

    @Test
    void encodesTheSamePropertiesOnce() throws Exception {
        Telemetry message = Telemetry.of(new byte[1]).property("name", "value").messageId("m");
        Sections sections = cache.sections(message);
        assertSame(sections, cache.sections(message));
        assertSame(sections, cache.sections(message.withPayload(new byte[2])));
        assertArrayEquals(TelemetryEncoder.sections(message), sections.encoded());
        assertEquals(HubLimit.size(message), sections.hubSize(message));
    }

    @Test
    void takesEqualPropertiesForOthers() throws Exception {
        Sections one = cache.sections(Telemetry.of(new byte[1]).property("name", "value"));
        Sections two = cache.sections(Telemetry.of(new byte[1]).property("name", "value"));
        assertNotSame(one, two);
        assertArrayEquals(one.encoded(), two.encoded());
    }

    @Test
    void givesEachOfManyItsOwn() throws Exception {
        List<Telemetry> messages = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            messages.add(Telemetry.of(new byte[0]).property("i", "" + i));
        }
        for (int round = 0; round < 3; round++) {
            for (Telemetry message : messages) {
                assertArrayEquals(
                        TelemetryEncoder.sections(message),
                        cache.sections(message).encoded());
            }
        }
    }

    @Test
    void keepsNoLongOnes() throws Exception {
        Telemetry message = Telemetry.of(new byte[0]).property("name", "x".repeat(2_000));
        assertNotSame(cache.sections(message), cache.sections(message));
    }

    @Test
    void refusesEachTimeWhatHasNoForm() {
        Telemetry message = Telemetry.of(new byte[0]).system(SystemProperty.EXPIRY_TIME, "tomorrow");
        assertThrows(InvalidTelemetryException.class, () -> cache.sections(message));
        assertThrows(InvalidTelemetryException.class, () -> cache.sections(message));
    }
}
