// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.upstream.watch.Ledger;
import io.upstream.watch.Outcome;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of the hub's answers to the application: collected, and told together once per turn of the event loop. Confined to the event loop
 * but for {@link #tell(Send)}.
 */
final class Answers {
    private final EventLoop loop;
    private final Callbacks callbacks;
    private final Room room;
    private final Ledger ledger;
    private final LongSupplier nanoTime;
    private final long timeoutNanos;
    private final Runnable tell = this::tell;

    /** Answered ones whose futures are not completed yet, in the order of the answers. */
    private @Nullable Send first;

    private @Nullable Send last;
    private int messages;

    /** When the first of them was answered, which is as good as now for the others of the same turn. */
    private long now;

    /**
     * Nothing is answered yet.
     *
     * @param room where there is some again
     * @param ledger told what became of each
     * @param timeout of each, by which its deadline tells when it was taken in
     * @param nanoTime the clock of the deadlines
     */
    Answers(EventLoop loop, Callbacks callbacks, Room room, Ledger ledger, Duration timeout, LongSupplier nanoTime) {
        this.loop = loop;
        this.callbacks = callbacks;
        this.room = room;
        this.ledger = ledger;
        this.timeoutNanos = timeout.toNanos();
        this.nanoTime = nanoTime;
    }

    /** How many are not told yet. */
    int messages() {
        return messages;
    }

    /** Takes one that stands in no other list any more. */
    void add(Send send, int size, Outcome outcome) {
        if (last == null) {
            first = send;
            now = nanoTime.getAsLong();
            tellAfterThisTurn();
        } else {
            last.next = send;
        }
        last = send;
        messages++;
        ledger.note(outcome, size, now - (send.deadlineNanos() - timeoutNanos));
    }

    private void tellAfterThisTurn() {
        try {
            loop.execute(tell);
        } catch (RejectedExecutionException e) {
            // the loop is ending: the outbox is still to end, and tells at once
        }
    }

    /** Gives back the room first, so that whoever sends from a completed future finds it. */
    void tell() {
        Send chain = first;
        if (chain == null) {
            return;
        }
        room.free();
        messages = 0;
        first = null;
        last = null;
        Send untold = wakeWaiters(chain);
        if (untold != null) {
            callbacks.run(() -> tellAll(untold));
        }
    }

    /** Gives those of the chain, in its order, that no waiting thread completes. */
    private static @Nullable Send wakeWaiters(Send chain) {
        Send kept = null;
        Send latest = null;
        for (Send send = chain; send != null; ) {
            Send after = send.unchain();
            if (!send.wakeWaiters()) {
                if (latest == null) {
                    kept = send;
                } else {
                    latest.next = send;
                }
                latest = send;
            }
            send = after;
        }
        return kept;
    }

    private static void tellAll(Send chain) {
        for (Send send = chain; send != null; ) {
            Send after = send.unchain();
            send.tell(); // what depends on it throws into its own future
            send = after;
        }
    }

    /** Any thread: completes the future of one that is answered, where the application's code runs. */
    void tell(Send send) {
        callbacks.run(send::tell);
    }
}
