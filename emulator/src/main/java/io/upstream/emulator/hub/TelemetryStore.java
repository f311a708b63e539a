// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The telemetry that the hub has taken: the last million messages or 256 MiB, whichever is less; the oldest are dropped.
 * Safe for use by any thread; nothing blocks longer than a read of a few thousand references.
 */
public final class TelemetryStore {
    public static final int MAX_MESSAGES = 1_000_000;
    public static final long MAX_BYTES = 256L * 1024 * 1024;

    private static final int FIRST_CAPACITY = 1_024;
    /** How many messages one read looks at, so that a filter which matches little does not hold up the senders. */
    private static final int MAX_EXAMINED = 4_096;
    /** A page ends with the message that takes it over this. */
    private static final long MAX_PAGE_BYTES = 512 * 1024;

    private final Clock clock;
    private final int maxMessages;
    private final long maxBytes;
    private final Set<Waiter> waiters = new LinkedHashSet<>();
    private @Nullable StoredMessage[] ring = new StoredMessage[FIRST_CAPACITY];
    private int first;
    private int size;
    private long bytes;
    private long firstSequence = 1;

    TelemetryStore(Clock clock, int maxMessages, long maxBytes) {
        this.clock = clock;
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
    }

    long append(HubIdentity identity, HubMessage message) {
        StoredMessage stored = new StoredMessage(identity, clock.millis(), message);
        List<Waiter> woken = List.of();
        long sequence;
        synchronized (this) {
            if (size == ring.length) {
                grow();
            }
            ring[(first + size) % ring.length] = stored;
            size++;
            bytes += stored.bytes();
            sequence = firstSequence + size - 1;
            while (size > maxMessages || (bytes > maxBytes && size > 1)) {
                dropOldest();
            }
            if (!waiters.isEmpty()) {
                woken = List.copyOf(waiters);
                waiters.clear();
            }
        }
        woken.forEach(waiter -> waiter.wake.run());
        return sequence;
    }

    private void grow() {
        @Nullable StoredMessage[] larger = Arrays.copyOfRange(ring, first, first + 2 * ring.length);
        System.arraycopy(ring, 0, larger, ring.length - first, first);
        ring = larger;
        first = 0;
    }

    private void dropOldest() {
        bytes -= at(0).bytes();
        ring[first] = null;
        first = (first + 1) % ring.length;
        size--;
        firstSequence++;
    }

    private StoredMessage at(int index) {
        StoredMessage stored = ring[(first + index) % ring.length];
        if (stored == null) {
            throw new IllegalStateException("no message at " + index + " of " + size);
        }
        return stored;
    }

    /** The sequence number of the newest message ever taken; 0 before the first. */
    public synchronized long lastSequence() {
        return firstSequence + size - 1;
    }

    /**
     * Reads on from a place in the sequence. A page may be empty although more follows: go on with its {@code next}.
     *
     * @param after the sequence number before the first wanted; what was dropped meanwhile is skipped
     * @param limit how many records at most, at least 1
     * @param deviceId only this device and its modules; {@code null} for all
     */
    public Page read(long after, int limit, @Nullable String deviceId) {
        List<StoredMessage> found = new ArrayList<>();
        List<Long> sequences = new ArrayList<>();
        long next;
        boolean end;
        synchronized (this) {
            long last = lastSequence();
            long from = Math.max(Math.min(after, last) + 1, firstSequence);
            long stop = Math.min(last, from + MAX_EXAMINED - 1);
            long sequence = from;
            long pageBytes = 0;
            for (; sequence <= stop && found.size() < limit && pageBytes < MAX_PAGE_BYTES; sequence++) {
                StoredMessage stored = at((int) (sequence - firstSequence));
                if (deviceId == null || stored.deviceId().equals(deviceId)) {
                    found.add(stored);
                    sequences.add(sequence);
                    pageBytes += stored.bytes();
                }
            }
            next = Math.max(after, sequence - 1);
            end = next >= last;
        }
        List<TelemetryRecord> records = new ArrayList<>(found.size());
        for (int i = 0; i < found.size(); i++) {
            records.add(found.get(i).toRecord(sequences.get(i)));
        }
        return new Page(records, next, end);
    }

    /**
     * A stretch of the store.
     *
     * @param next the {@code after} to go on with
     * @param end whether the newest message was reached
     */
    public record Page(List<TelemetryRecord> records, long next, boolean end) {}

    /**
     * Runs {@code wake} once as soon as there is a message after {@code after}: at once on this thread if there is one already,
     * else on the thread that brings it, which it must not hold up. Closing forgets it.
     */
    public Hub.Presence wakeAfter(long after, Runnable wake) {
        Waiter waiter = new Waiter(wake);
        boolean due;
        synchronized (this) {
            due = lastSequence() > after;
            if (!due) {
                waiters.add(waiter);
            }
        }
        if (due) {
            wake.run();
        }
        return waiter;
    }

    private final class Waiter implements Hub.Presence {
        private final Runnable wake;

        Waiter(Runnable wake) {
            this.wake = wake;
        }

        @Override
        public void close() {
            synchronized (TelemetryStore.this) {
                waiters.remove(this);
            }
        }
    }
}
