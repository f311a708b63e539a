// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/** One fault on one column. */
public record Cell(FaultCase fault, Column column) {
    /** What is mixed into the seed is one odd constant per cell (Steele et al., "Fast splittable pseudorandom number generators"). */
    private static final long GOLDEN = 0x9e3779b97f4a7c15L;

    /** All there are: 48 times 8 without those in which a fault has no meaning, 340. */
    public static List<Cell> all() {
        List<Cell> all = new ArrayList<>();
        for (FaultCase fault : FaultCase.values()) {
            for (Column column : Column.all()) {
                if (fault.applies(column)) {
                    all.add(new Cell(fault, column));
                }
            }
        }
        return all;
    }

    /**
     * A quarter of all: each of the four holds a quarter of the cells of each fault and of each column, give or take one.
     *
     * @param number 1 to 4
     */
    public static List<Cell> quarter(int number) {
        if (number < 1 || number > 4) {
            throw new IllegalArgumentException("a quarter is 1 to 4, was " + number);
        }
        List<Column> columns = Column.all();
        return all().stream()
                .filter(cell -> (cell.fault.number() + columns.indexOf(cell.column)) % 4 == number - 1)
                .toList();
    }

    /**
     * Those whose id begins with what is given, or is it: {@code F34}, {@code F34/Mqtt}, {@code F34/Mqtt/proxy}.
     *
     * @throws IllegalArgumentException if there are none
     */
    public static List<Cell> named(String text) {
        List<String> asked = Arrays.asList(text.strip().split("/", -1));
        List<Cell> named = all().stream()
                .filter(cell -> {
                    List<String> parts = Arrays.asList(cell.id().split("/", -1));
                    return asked.size() <= parts.size() && startsWith(parts, asked);
                })
                .toList();
        if (named.isEmpty()) {
            throw new IllegalArgumentException(
                    "there is no cell " + text + ": they are called as F34/Mqtt/proxy, F01 to F48");
        }
        return named;
    }

    private static boolean startsWith(List<String> parts, List<String> asked) {
        for (int i = 0; i < asked.size(); i++) {
            if (!parts.get(i).equalsIgnoreCase(asked.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** As {@code F34/Mqtt/proxy}. */
    public String id() {
        return fault.name() + "/" + column;
    }

    /** The same for the same cell and the same seed of a run. */
    long seed(long ofRun) {
        return ofRun + GOLDEN * Objects.hash(fault.name(), column.toString());
    }

    @Override
    public String toString() {
        return id();
    }
}
