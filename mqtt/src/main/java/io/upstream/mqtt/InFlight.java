// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.session.Send;
import java.util.Arrays;
import java.util.IdentityHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The messages that wait for a PUBACK, by packet id. An id is taken from the write to the PUBACK, even when the message has long been
 * given up: a late PUBACK must not be taken for another message's. One for all connections of a session; on each, {@link #resume} or {@link
 * #restart} comes first. Confined to the event loop.
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

    /** The ids of messages that were written on the last connection and not yet on this one; null if there are none. */
    private @Nullable IdentityHashMap<Send, Integer> former;

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
        if (size == 0 && former == null) {
            slots = NOTHING;
        }
    }

    /**
     * On a new connection where the hub has kept the session: what was not acknowledged has the id that it had (MQTT 3.1.1 §4.4). Until all
     * that has been written again or given up no other message is: the outbox gives the oldest first.
     */
    void resume() {
        IdentityHashMap<Send, Integer> ids = former == null ? new IdentityHashMap<>() : former;
        ids.keySet().removeIf(Send::isDone);
        for (int id = 1; id < slots.length; id++) {
            Send send = slots[id];
            if (send != null && !send.isDone()) {
                ids.put(send, id);
            }
        }
        Arrays.fill(slots, null);
        size = 0;
        former = ids.isEmpty() ? null : ids;
    }

    /** On a new connection where the hub knows of nothing: all ids are free. */
    void restart() {
        slots = NOTHING;
        size = 0;
        former = null;
    }

    /** Takes the id that {@code send} had on the last connection; 0 if it had none, then {@link #add} gives it one. */
    int again(Send send) {
        IdentityHashMap<Send, Integer> ids = former;
        if (ids == null) {
            return 0;
        }
        Integer id = ids.remove(send);
        if (id == null || ids.isEmpty()) {
            former = null; // the others have been given up
        }
        if (id == null) {
            return 0;
        }
        slots[id] = send;
        size++;
        return id;
    }
}
