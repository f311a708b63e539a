// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.UpstreamException;
import io.upstream.session.Send;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The messages that wait for a PUBACK, by packet id. An id is taken from the write to the PUBACK, even when the message has long been
 * given up: a late PUBACK must not be taken for another message's. Confined to the event loop.
 */
final class InFlight {
    /** The first of four ids that are left to SUBSCRIBE, see {@link Filter}. */
    static final int SUBSCRIBE_ID = 65_532;

    private static final int FIRST_CAPACITY = 16;
    private static final @Nullable Send[] NOTHING = new @Nullable Send[0];

    private final int maxCapacity;
    private @Nullable Send[] slots = NOTHING;
    private int size;
    private int last;

    /**
     * Starts without memory and grows, so that there are at least twice as many ids as messages and a free one is found soon.
     *
     * @param outboxMessages how many may be unanswered; there are twice as many ids, for those that were given up
     */
    InFlight(int outboxMessages) {
        maxCapacity = Math.min(SUBSCRIBE_ID, Math.max(2 * FIRST_CAPACITY, 2 * outboxMessages));
    }

    boolean isEmpty() {
        return size == 0;
    }

    /** Whether {@link #add} is possible. Slot 0 is never used: 0 is no packet id. */
    boolean hasRoom() {
        return size < maxCapacity - 1;
    }

    /** Gives {@code send} a free packet id, the next one in turn. */
    int add(Send send) {
        if (2 * size >= slots.length && slots.length < maxCapacity) {
            slots = Arrays.copyOf(slots, Math.min(maxCapacity, Math.max(FIRST_CAPACITY, 2 * slots.length)));
        }
        do {
            last = last + 1 < slots.length ? last + 1 : 1;
        } while (slots[last] != null);
        slots[last] = send;
        size++;
        return last;
    }

    /** Frees an id and gives what waited for it, or null if nothing did. */
    @Nullable
    Send remove(int packetId) {
        Send send = packetId < slots.length ? slots[packetId] : null;
        if (send != null) {
            slots[packetId] = null;
            size--;
        }
        return send;
    }

    /** Gives back the memory if nothing waits. The ids go on where they were, as far as they go. */
    void trim() {
        if (size == 0) {
            slots = NOTHING;
        }
    }

    /** Fails all and forgets them. */
    void failAll(UpstreamException cause) {
        for (Send send : slots) {
            if (send != null) {
                send.fail(cause);
            }
        }
        slots = NOTHING;
        size = 0;
    }
}
