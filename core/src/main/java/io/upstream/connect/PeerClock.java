// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The time that the machines on a way have had for their answers. A stage stops it while it waits for something in this process or beside it,
 * such as whoever keeps the passwords, or a KDC: what takes long there is no reason to give the way up. Confined to the event loop.
 */
public final class PeerClock {
    private final LongSupplier nanos;
    private long since;
    private long counted;
    private @Nullable Supplier<String> awaited;
    private Runnable next = () -> {};

    /** Runs from now on. */
    public PeerClock() {
        this(System::nanoTime);
    }

    /** @param nanos a clock as {@link System#nanoTime} */
    PeerClock(LongSupplier nanos) {
        this.nanos = nanos;
        this.since = nanos.getAsLong();
    }

    /**
     * Something here is waited for, and nobody on the way.
     *
     * @param whom what, for people, at the time when it is asked for: {@code the provider of the credentials for proxy p:3128}
     */
    public void stop(Supplier<String> whom) {
        if (awaited == null) {
            counted += nanos.getAsLong() - since;
        }
        awaited = whom;
    }

    /** The peer is waited for again. */
    public void resume() {
        if (awaited != null) {
            awaited = null;
            since = nanos.getAsLong();
            Runnable then = next;
            next = () -> {};
            then.run();
        }
    }

    /** Runs {@code then} when the clock does, in place of what was to be run before. */
    void whenItRuns(Runnable then) {
        if (awaited == null) {
            then.run();
        } else {
            next = then;
        }
    }

    /** What of ours is waited for, for people; null while the clock runs. */
    @Nullable
    String awaited() {
        Supplier<String> whom = awaited;
        return whom == null ? null : whom.get();
    }

    long elapsedNanos() {
        return awaited == null ? counted + nanos.getAsLong() - since : counted;
    }
}
