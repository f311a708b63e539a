// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.session.HubLimit;
import io.upstream.testing.AllocationMeter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class SectionCacheTest {
    private final SectionCache cache = new SectionCache();

    @Test
    void encodesTheSamePropertiesOnce() throws Exception {
        Telemetry message = Telemetry.of(new byte[1]).property("name", "value").messageId("m");
        Sections sections = cache.sections(message);
        assertSame(sections, cache.sections(message));
        assertSame(sections, cache.sections(message.withPayload(new byte[2])));
        assertArrayEquals(encoded(message), sections.encoded());
        assertEquals(HubLimit.size(message), sections.hubSize(message));
    }

    @Test
    void findsEqualPropertiesAgain() throws Exception {
        Sections one = cache.sections(equal());
        cache.sections(Telemetry.of(new byte[1]).property("name", "another"));
        assertSame(one, cache.sections(equal()));
        assertNotSame(one, cache.sections(equal().contentType("other/type")));
        assertNotSame(one, cache.sections(equal().property("more", "")));
    }

    private static Telemetry equal() {
        return Telemetry.of(new byte[1]).property("name", "value").contentType("some/type");
    }

    @Test
    void costsNothingForEqualPropertiesAndLittleForOthers() {
        Telemetry[] equal = new Telemetry[128];
        Telemetry[] different = new Telemetry[4_096];
        Arrays.setAll(equal, i -> equal());
        Arrays.setAll(different, i -> equal().messageId("id " + i));
        int[] next = {0};
        assertTrue(cost(() -> equal[next[0]++ % equal.length]) <= 16);
        assertTrue(cost(() -> different[next[0]++ % different.length]) <= 250);
    }

    private double cost(Supplier<Telemetry> messages) {
        return AllocationMeter.bytesPerOperation(2_000, () -> {
            try {
                cache.sections(messages.get());
            } catch (InvalidTelemetryException e) {
                throw new AssertionError(e);
            }
        });
    }

    private static byte[] encoded(Telemetry message) throws InvalidTelemetryException {
        ByteBuf out = Unpooled.buffer();
        TelemetryEncoder.write(message, out);
        return ByteBufUtil.getBytes(out);
    }

    @Test
    void givesEachOfManyItsOwn() throws Exception {
        List<Telemetry> messages = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            messages.add(Telemetry.of(new byte[0]).property("i", "" + i));
        }
        for (int round = 0; round < 3; round++) {
            for (Telemetry message : messages) {
                assertArrayEquals(encoded(message), cache.sections(message).encoded());
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
