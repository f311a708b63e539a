// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import org.jspecify.annotations.Nullable;

/**
 * A session's deliveries that the peer has not answered: a ring indexed by delivery id, which counts modulo 2^32. Grows with what is under
 * way, up to {@link #MAX_SPAN} from the oldest to the newest.
 */
final class Unsettled {
    /** A peer that leaves one message unanswered while it answers so many later ones has forgotten it. */
    static final int MAX_SPAN = 1 << 16;

    private static final int SMALLEST = 16;

    /** Beyond this it gives its memory back whenever it is empty. */
    private static final int LARGE = 1_024;

    private @Nullable Object[] tags = {};
    private @Nullable EngineSender[] senders = {};

    /** The oldest id that may be unsettled, and the next to be given. */
    private int oldest;

    private int next;

    /** @param first the first delivery id */
    Unsettled(int first) {
        oldest = first;
        next = first;
    }

    boolean isFull() {
        return next - oldest == MAX_SPAN;
    }

    int oldest() {
        return oldest;
    }

    int next() {
        return next;
    }

    /** Gives the delivery its id. */
    int add(EngineSender sender, Object tag) {
        if (next - oldest == tags.length) {
            grow();
        }
        int slot = next & (tags.length - 1);
        tags[slot] = tag;
        senders[slot] = sender;
        return next++;
    }

    private void grow() {
        int length = Math.max(SMALLEST, tags.length * 2);
        @Nullable Object[] moreTags = new @Nullable Object[length];
        @Nullable EngineSender[] moreSenders = new @Nullable EngineSender[length];
        for (int id = oldest; id != next; id++) {
            moreTags[id & (length - 1)] = tags[id & (tags.length - 1)];
            moreSenders[id & (length - 1)] = senders[id & (tags.length - 1)];
        }
        tags = moreTags;
        senders = moreSenders;
    }

    private boolean holds(int id) {
        return id - oldest >= 0 && id - next < 0;
    }

    /** Who waits for the answer to {@code id}; null if nobody does. */
    @Nullable
    EngineSender sender(int id) {
        return holds(id) ? senders[id & (senders.length - 1)] : null;
    }

    /** Forgets {@code id}, and gives what it was sent with. It must be there. */
    Object take(int id) {
        int slot = id & (tags.length - 1);
        Object tag = tags[slot];
        if (tag == null) {
            throw new IllegalStateException("delivery " + id + " is settled already");
        }
        tags[slot] = null;
        senders[slot] = null;
        while (oldest != next && tags[oldest & (tags.length - 1)] == null) {
            oldest++;
        }
        if (oldest == next && tags.length > LARGE) {
            release();
        }
        return tag;
    }

    /** Forgets all of one link. */
    void forget(EngineSender sender) {
        for (int id = oldest; id != next; id++) {
            if (sender(id) == sender) {
                take(id);
            }
        }
    }

    /** Forgets all. */
    void clear() {
        oldest = next;
        release();
    }

    private void release() {
        tags = new Object[0];
        senders = new EngineSender[0];
    }
}
