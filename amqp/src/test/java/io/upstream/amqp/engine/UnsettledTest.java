// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnsettledTest {
    private final EngineProbe probe = EngineProbe.open();
    private final EngineSession session = probe.engine.begin(probe);
    private final EngineSender one = probe.sender(session, "one");
    private final EngineSender two = probe.sender(session, "two");

    @AfterEach
    void closeProbes() {
        EngineProbe.closeAll();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, Integer.MAX_VALUE - 100, -100, -1})
    void remembersWhatAMapWouldAcrossTheWrap(int first) {
        SplittableRandom random = new SplittableRandom(first);
        Unsettled ring = new Unsettled(first);
        Map<Integer, Object> map = new HashMap<>();
        for (int i = 0; i < 10_000; i++) {
            if (map.size() < 50 || random.nextBoolean()) {
                Object tag = "tag " + i;
                map.put(ring.add(one, tag), tag);
            } else {
                int id = map.keySet().iterator().next();
                assertSame(map.remove(id), ring.take(id));
                assertNull(ring.sender(id));
            }
        }
        map.forEach((id, tag) -> assertSame(tag, ring.take(id)));
        assertEquals(ring.next(), ring.oldest());
    }

    @Test
    void forgetsOneLinkAndKeepsTheOther() {
        Unsettled ring = new Unsettled(-50);
        for (int i = 0; i < 100; i++) {
            ring.add(i % 3 == 0 ? one : two, i);
        }
        ring.forget(two);
        for (int i = 0; i < 100; i++) {
            assertSame(i % 3 == 0 ? one : null, ring.sender(i - 50));
        }
        ring.forget(one);
        assertEquals(ring.next(), ring.oldest());
    }

    @Test
    void staysOfUseWhenItHasGivenItsMemoryBack() {
        Unsettled ring = new Unsettled(-5_000);
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 5_000; i++) {
                ring.add(i % 2 == 0 ? one : two, i);
            }
            int last = ring.next() - 1;
            ring.take(last);
            ring.forget(one);
            ring.forget(two);
            assertEquals(ring.next(), ring.oldest());
            assertNull(ring.sender(last));
        }
    }

    @Test
    void knowsNothingOfIdsThatAreNotThere() {
        Unsettled ring = new Unsettled(0);
        assertNull(ring.sender(0));
        int id = ring.add(one, "tag");
        assertNotNull(ring.sender(id));
        assertNull(ring.sender(id + 1));
        assertNull(ring.sender(id - 1));
        assertNull(ring.sender(id + (1 << 20)));
        ring.clear();
        assertNull(ring.sender(id));
    }

    @Test
    void isFullWhenTheOldestIsFarBehindAndNotBefore() {
        Unsettled ring = new Unsettled(0);
        ring.add(one, "oldest");
        long start = System.nanoTime();
        for (int i = 1; i < Unsettled.MAX_SPAN; i++) {
            assertTrue(!ring.isFull());
            ring.take(ring.add(one, i));
        }
        assertTrue(ring.isFull());
        ring.take(0);
        assertEquals(ring.next(), ring.oldest());
        assertTrue(System.nanoTime() - start < Duration.ofSeconds(10).toNanos());
    }
}
