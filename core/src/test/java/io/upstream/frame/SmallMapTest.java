// SPDX-License-Identifier: Apache-2.0
package io.upstream.frame;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class SmallMapTest {
    @Test
    void isTheSameAsALinkedMap() {
        Random random = new Random(1);
        for (int round = 0; round < 1_000; round++) {
            SmallMap<String> small = new SmallMap<>(random.nextInt(3));
            Map<String, String> linked = new LinkedHashMap<>();
            for (int i = random.nextInt(12); i > 0; i--) {
                String name = "name " + random.nextInt(10);
                small.set(name, "value " + i);
                linked.put(name, "value " + i);
            }
            assertEquals(linked, small);
            assertEquals(small, linked);
            assertEquals(linked.hashCode(), small.hashCode());
            assertEquals(new ArrayList<>(linked.entrySet()), new ArrayList<>(small.entrySet()));
            assertEquals(linked.toString(), small.toString());
            assertEquals(linked.get("name 1"), small.get("name 1"));
            assertEquals(linked.containsKey("name 2"), small.containsKey("name 2"));
            List<String> walked = new ArrayList<>();
            small.forEach((name, value) -> walked.add(name + value));
            assertEquals(linked.size(), walked.size());
            small.sort(Comparator.naturalOrder());
            assertEquals(new ArrayList<>(new TreeMap<>(linked).entrySet()), new ArrayList<>(small.entrySet()));
        }
    }

    @Test
    void cannotBeChangedByThoseWhoAreGivenAMap() {
        SmallMap<String> small = new SmallMap<>(1);
        small.set("a", "b");
        Map<String, String> given = small;
        assertThrows(UnsupportedOperationException.class, () -> given.put("c", "d"));
        assertThrows(UnsupportedOperationException.class, () -> given.remove("a"));
        assertThrows(UnsupportedOperationException.class, given::clear);
        assertThrows(UnsupportedOperationException.class, () -> given.entrySet().clear());
        assertThrows(
                UnsupportedOperationException.class,
                () -> given.entrySet().iterator().next().setValue("x"));
        assertThrows(UnsupportedOperationException.class, () -> given.keySet().remove("a"));
        assertThrows(
                NoSuchElementException.class,
                () -> new SmallMap<String>(0).entrySet().iterator().next());
    }
}
