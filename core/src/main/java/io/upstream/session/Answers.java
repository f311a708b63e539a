// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * The way of the hub's answers to the application: collected, and told together once per turn of the event loop. Confined to the event loop
 * but for {@link #tell(Send)}.
 */
final class Answers {
    private final EventLoop loop;
    private final Callbacks callbacks;
    private final Room room;
    private final Runnable tell = this::tell;

    /** Answered ones whose futures are not completed yet, in the order of the answers. */
    private @Nullable Send first;

    private @Nullable Send last;
    private int messages;
    private long bytes;

    /** @param room where there is some again */
    Answers(EventLoop loop, Callbacks callbacks, Room room) {
        this.loop = loop;
        this.callbacks = callbacks;
        this.room = room;
    }

    /** How many are not told yet. */
    int messages() {
        return messages;
    }

    /** Takes one that stands in no other list any more. */
    void add(Send send, int size) {
        if (last == null) {
            first = send;
            tellAfterThisTurn();
        } else {
            last.next = send;
        }
        last = send;
        messages++;
        bytes += size;
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
        room.free(messages, bytes);
        messages = 0;
        bytes = 0;
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
