// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.Outcome;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/** Messages that were received and not settled: settled in the order of their arrival, whatever the order of the decisions. */
final class Unsettled {
    private final ArrayDeque<Entry> entries = new ArrayDeque<>();
    private long bytes;

    /** One message. */
    static final class Entry {
        private final EngineReceiver receiver;
        private final long delivery;
        private final int size;
        private @Nullable Outcome decision;

        private Entry(EngineReceiver receiver, long delivery, int size) {
            this.receiver = receiver;
            this.delivery = delivery;
            this.size = size;
        }
    }

    int count() {
        return entries.size();
    }

    /** How long they are together. */
    long bytes() {
        return bytes;
    }

    Entry add(EngineReceiver receiver, long delivery, int size) {
        Entry entry = new Entry(receiver, delivery, size);
        entries.add(entry);
        bytes += size;
        return entry;
    }

    /** Settles what is decided, from the oldest on. */
    void decide(Entry entry, Outcome decision) {
        entry.decision = decision;
        for (Entry head = entries.peek(); head != null; head = entries.peek()) {
            Outcome outcome = head.decision;
            if (outcome == null) {
                return;
            }
            entries.remove();
            bytes -= head.size;
            head.receiver.settle(head.delivery, outcome);
        }
    }

    /** Forgets them: nothing is settled any more. */
    void clear() {
        entries.clear();
        bytes = 0;
    }
}
