// SPDX-License-Identifier: Apache-2.0
package io.upstream.micrometer;

import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The latest numbers of something that is watched and not kept alive. A registry reads all meters in a row: for a moment they see the same
 * numbers, which are taken once. Thread-safe.
 *
 * @param <S> what is watched
 * @param <N> its numbers
 */
final class Readings<S, N> {
    private static final long FRESH_NANOS = Duration.ofMillis(100).toNanos();

    private final WeakReference<S> source;
    private final Function<S, N> reader;
    private N latest;
    private long takenAt;

    Readings(S source, Function<S, N> reader) {
        this.source = new WeakReference<>(source);
        this.reader = reader;
        latest = reader.apply(source);
        takenAt = System.nanoTime();
    }

    synchronized N now() {
        S present = source.get();
        long now = System.nanoTime();
        if (present != null && now - takenAt >= FRESH_NANOS) {
            latest = reader.apply(present);
            takenAt = now;
        }
        return latest;
    }

    /** Null once nobody uses it any more. */
    @Nullable
    S source() {
        return source.get();
    }
}
