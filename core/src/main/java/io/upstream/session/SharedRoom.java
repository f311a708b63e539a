// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.UpstreamRuntime;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;

/** How many bytes all sessions of one runtime may have under way together. Thread-safe. */
public final class SharedRoom {
    private final long maxBytes;
    private final AtomicLong bytes = new AtomicLong();

    /** Whose callers wait for others to give room back. */
    private final Queue<Room> waiting = new ConcurrentLinkedQueue<>();

    public SharedRoom(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    static SharedRoom of(UpstreamRuntime runtime) {
        return runtime.shared(SharedRoom.class, () -> new SharedRoom(runtime.outboxBytes()));
    }

    long maxBytes() {
        return maxBytes;
    }

    boolean isFull() {
        return bytes.get() >= maxBytes;
    }

    /** Takes room; something is taken however large it is, if there is nothing else. */
    boolean claim(int size) {
        long before = bytes.getAndAdd(size);
        if (before > 0 && before + size > maxBytes) {
            bytes.addAndGet(-size);
            return false;
        }
        return true;
    }

    void free(long size) {
        bytes.addAndGet(-size);
        for (Room each = waiting.poll(); each != null; each = isFull() ? null : waiting.poll()) {
            each.admit();
        }
    }

    /** Has {@code room} look again when some is given back. */
    void tellWhenFreed(Room room) {
        waiting.add(room);
        if (!isFull()) {
            free(0); // was given back meanwhile
        }
    }
}
