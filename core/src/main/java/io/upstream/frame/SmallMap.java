// SPDX-License-Identifier: Apache-2.0
package io.upstream.frame;

import java.util.AbstractMap;
import java.util.AbstractSet;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A map of a few entries side by side in one array, found by comparing one after the other: a fraction of the memory of the JDK's. Whoever
 * makes it {@link #set}s its entries; to everybody else it is an unmodifiable {@link Map}.
 *
 * @param <K> what the names are
 */
public final class SmallMap<K> extends AbstractMap<K, String> {
    /** With more entries than that the JDK's maps are better. */
    public static final int FEW = 8;

    private @Nullable Object[] flat;
    private int end;

    /** Has room for some entries, and grows. */
    public SmallMap(int entries) {
        flat = new @Nullable Object[2 * entries];
    }

    /** Adds an entry behind the others, or gives another value to the one with that name. Only before the map is given out. */
    public void set(K name, String value) {
        int at = find(name);
        if (at < 0) {
            if (end == flat.length) {
                flat = Arrays.copyOf(flat, Math.max(2, 2 * end));
            }
            at = end;
            flat[at] = name;
            end += 2;
        }
        flat[at + 1] = value;
    }

    /** Puts the names into another order. Only before the map is given out. */
    public void sort(Comparator<? super K> order) {
        for (int i = 2; i < end; i += 2) {
            for (int at = i; at > 0 && order.compare(key(at - 2), key(at)) > 0; at -= 2) {
                swap(at - 2, at);
                swap(at - 1, at + 1);
            }
        }
    }

    private void swap(int one, int other) {
        Object kept = flat[one];
        flat[one] = flat[other];
        flat[other] = kept;
    }

    private int find(@Nullable Object name) {
        for (int at = 0; at < end; at += 2) {
            if (key(at).equals(name)) {
                return at;
            }
        }
        return -1;
    }

    @SuppressWarnings({"unchecked", "NullAway"}) // as it was set
    private K key(int at) {
        return (K) flat[at];
    }

    @SuppressWarnings("NullAway") // as it was set
    private String value(int at) {
        return (String) flat[at + 1];
    }

    @Override
    public int size() {
        return end / 2;
    }

    @Override
    public @Nullable String get(@Nullable Object name) {
        int at = find(name);
        return at < 0 ? null : value(at);
    }

    @Override
    public boolean containsKey(@Nullable Object name) {
        return find(name) >= 0;
    }

    @Override
    public void forEach(BiConsumer<? super K, ? super String> action) {
        for (int at = 0; at < end; at += 2) {
            action.accept(key(at), value(at));
        }
    }

    @Override
    public void clear() {
        throw new UnsupportedOperationException();
    }

    @Override
    public String remove(@Nullable Object name) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Set<Map.Entry<K, String>> entrySet() {
        return new AbstractSet<>() {
            @Override
            public Iterator<Map.Entry<K, String>> iterator() {
                return new Entries();
            }

            @Override
            public int size() {
                return end / 2;
            }
        };
    }

    private final class Entries implements Iterator<Map.Entry<K, String>> {
        private int at;

        @Override
        public boolean hasNext() {
            return at < end;
        }

        @Override
        public Map.Entry<K, String> next() {
            if (at >= end) {
                throw new NoSuchElementException();
            }
            at += 2;
            return Map.entry(key(at - 2), value(at - 2));
        }
    }
}
