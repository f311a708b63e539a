// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where the one receiver of something sits; a newcomer takes the place of an earlier one. Safe for use by any thread. */
final class Seat<T> {
    private static final Logger LOG = LoggerFactory.getLogger(Seat.class);

    private @Nullable Holder holder;

    /** Sits down; whoever sat there is told by its {@code replaced} before this returns. */
    Hub.Presence take(Consumer<T> receiver, Runnable replaced) {
        Holder next = new Holder(receiver, replaced);
        Holder previous;
        synchronized (this) {
            previous = holder;
            holder = next;
        }
        if (previous != null) {
            previous.replaced.run();
        }
        return next;
    }

    /** Hands something over, on this thread; false if nobody sits there. */
    boolean offer(T item) {
        Holder present;
        synchronized (this) {
            present = holder;
        }
        if (present == null) {
            return false;
        }
        try {
            present.receiver.accept(item);
        } catch (RuntimeException e) {
            LOG.warn("a receiver failed; what it was given is lost", e);
        }
        return true;
    }

    private final class Holder implements Hub.Presence {
        private final Consumer<T> receiver;
        private final Runnable replaced;

        Holder(Consumer<T> receiver, Runnable replaced) {
            this.receiver = receiver;
            this.replaced = replaced;
        }

        @Override
        public void close() {
            synchronized (Seat.this) {
                if (holder == this) {
                    holder = null;
                }
            }
        }
    }
}
