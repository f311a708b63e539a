// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.proxy;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is in force for one request; fixed when the request is complete. */
record Faults(List<Misbehaviour> all) {
    static final Faults NONE = new Faults(List.of());

    <T extends Misbehaviour> @Nullable T find(Class<T> kind) {
        for (Misbehaviour each : all) {
            if (kind.isInstance(each)) {
                return kind.cast(each);
            }
        }
        return null;
    }

    boolean has(Class<? extends Misbehaviour> kind) {
        return find(kind) != null;
    }
}
