// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.Gap;
import io.upstream.UpstreamException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Times in which the hub could not tell the session everything. Confined to the event loop, but for the listeners. */
final class Gaps {
    private final Callbacks callbacks;
    private final LongSupplier nanoTime;
    private final List<Consumer<Gap>> listeners = new CopyOnWriteArrayList<>();
    private State state = State.NONE;
    private long since;
    private @Nullable UpstreamException cause;

    private enum State {
        NONE,
        OPEN
    }

    Gaps(Callbacks callbacks, LongSupplier nanoTime) {
        this.callbacks = callbacks;
        this.nanoTime = nanoTime;
    }

    /** Any thread. */
    void addListener(Consumer<Gap> listener) {
        listeners.add(listener);
    }

    /** Something may be missed from now on. The first cause is the one that counts. */
    void begin(@Nullable UpstreamException why) {
        if (state == State.NONE) {
            state = State.OPEN;
            since = nanoTime.getAsLong();
            cause = why;
        } else if (cause == null) {
            cause = why;
        }
    }

    /** Nothing is missed any more. Without effect if nothing was. */
    void end() {
        if (state == State.NONE) {
            return;
        }
        state = State.NONE;
        Gap gap = new Gap(Duration.ofNanos(nanoTime.getAsLong() - since), cause);
        cause = null;
        for (Consumer<Gap> listener : listeners) {
            callbacks.run(() -> listener.accept(gap));
        }
    }
}
