// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class CellTest {
    @Test
    void thereAre340() {
        assertEquals(340, Cell.all().size());
        assertEquals(340, Cell.all().stream().map(Cell::id).distinct().count());
        assertEquals(48, Cell.all().stream().map(Cell::fault).distinct().count());
    }

    @Test
    void fourQuartersAreAll() {
        List<Cell> all = new ArrayList<>();
        for (int i = 1; i <= 4; i++) {
            List<Cell> quarter = Cell.quarter(i);
            assertTrue(quarter.size() >= 80 && quarter.size() <= 90, quarter.size() + " cells");
            Set<Column> columns = quarter.stream().map(Cell::column).collect(Collectors.toSet());
            assertEquals(8, columns.size());
            all.addAll(quarter);
        }
        assertEquals(340, all.size());
        assertEquals(new HashSet<>(Cell.all()), new HashSet<>(all));
    }

    @Test
    void isNamedByFaultProtocolAndWay() {
        assertEquals(List.of("F34/Mqtt/proxy"), ids("f34/mqtt/PROXY"));
        assertEquals(List.of("F34/Mqtt/direct", "F34/Mqtt/proxy"), ids("F34/Mqtt"));
        assertEquals(8, ids("F01").size());
        assertEquals(
                List.of("F43/MqttWs/direct", "F43/MqttWs/proxy", "F43/AmqpWs/direct", "F43/AmqpWs/proxy"), ids("F43"));
        assertThrows(IllegalArgumentException.class, () -> Cell.named("F49"));
        assertThrows(IllegalArgumentException.class, () -> Cell.named("F30/Mqtt/direct"));
        assertThrows(IllegalArgumentException.class, () -> Cell.quarter(5));
    }

    private static List<String> ids(String text) {
        return Cell.named(text).stream().map(Cell::id).toList();
    }

    @Test
    void hasASeedOfItsOwn() {
        assertEquals(
                340, Cell.all().stream().map(cell -> cell.seed(1)).distinct().count());
        assertEquals(Cell.all().get(0).seed(1), Cell.all().get(0).seed(1));
    }
}
