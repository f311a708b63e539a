// SPDX-License-Identifier: Apache-2.0
package io.upstream.frame;

import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The properties of a message side by side in an array that is used again, those that the hub reads first: two sets are compared and
 * written without walking through a map each time. A name is a {@link SystemProperty} or a string, which are never equal to each other.
 * Not thread-safe.
 */
public final class FlatProperties {
    private static final SystemProperty[] SYSTEM = SystemProperty.values();
    private static final @Nullable Object[] NOTHING = new @Nullable Object[0];

    private @Nullable Object[] flat = NOTHING;
    private int size;
    private int end;

    /** Takes the properties of {@code message} in place of those it held. */
    public void set(Telemetry message) {
        int before = size;
        size = message.system().size() + message.properties().size();
        if (flat.length < 2 * size) {
            flat = new @Nullable Object[2 * size];
        }
        end = 0;
        addSystem(message.system());
        message.properties().forEach(this::add); // which costs half of an iterator through an unmodifiable map
        if (before > size) {
            Arrays.fill(flat, end, 2 * before, null);
        }
    }

    private void addSystem(Map<SystemProperty, String> system) {
        int rest = system.size();
        for (int i = 0; rest > 0; i++) {
            SystemProperty property = SYSTEM[i];
            String value = system.get(property);
            if (value != null) {
                add(property, value);
                rest--;
            }
        }
    }

    private void add(Object name, String value) {
        flat[end++] = name;
        flat[end++] = value;
    }

    /** How many there are. */
    public int size() {
        return size;
    }

    /** Whether there are any of the application's own, which come last. */
    public boolean hasOwn() {
        return size > 0 && systemName(size - 1) == null;
    }

    /** The name of the property at {@code index} if it is one of the hub's own, or null. */
    public @Nullable SystemProperty systemName(int index) {
        return flat[2 * index] instanceof SystemProperty known ? known : null;
    }

    /** The name of a property of the application. */
    public String name(int index) {
        return text(2 * index);
    }

    public String value(int index) {
        return text(2 * index + 1);
    }

    /** Whether both hold the same, in the same order. */
    public boolean same(FlatProperties other) {
        return size == other.size && Arrays.equals(flat, 0, 2 * size, other.flat, 0, 2 * size);
    }

    /** Equal for those that are the {@link #same}. */
    public int hash() {
        int hash = size;
        for (int i = 0; i < 2 * size; i++) {
            hash = 31 * hash + Objects.hashCode(flat[i]);
        }
        return hash;
    }

    private String text(int index) {
        if (flat[index] instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("no text at " + index + " of " + 2 * size);
    }
}
