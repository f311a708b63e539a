// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The messages on their way to one device, in the order of their sequence numbers. State changes under the lock of this
 * object; receivers and waiters are called outside it, one at a time and in order.
 */
final class CloudQueue {
    static final int CAPACITY = 50;
    /** The hub's default "maximum delivery count". */
    static final int MAX_ABANDONS = 10;
    /** How many finished messages are remembered for their outcome. */
    static final int REMEMBERED = 1_000;

    static final Duration LOCK = Duration.ofSeconds(60);
    static final Duration TIME_TO_LIVE = Duration.ofHours(1);

    private static final Logger LOG = LoggerFactory.getLogger(CloudQueue.class);

    private final Clock clock;
    private final TreeMap<Long, Entry> waiting = new TreeMap<>();
    private final Map<UUID, Entry> locked = new LinkedHashMap<>();
    private final Map<String, SentMessage> known = new LinkedHashMap<>();
    private final AtomicInteger dispatchRequests = new AtomicInteger();
    private @Nullable Link link;
    private long lastSequence;

    CloudQueue(Clock clock) {
        this.clock = clock;
    }

    SentMessage send(String messageId, HubMessage message) throws HubException {
        Instant now = clock.instant();
        String asked = message.systemProperties().get("absolute-expiry-time");
        Instant expiry = asked == null ? now.plus(TIME_TO_LIVE) : parseExpiry(asked);
        sweep();
        SentMessage sent;
        synchronized (this) {
            if (depth() >= CAPACITY) {
                throw new HubException(HubError.QUEUE_FULL, CAPACITY + " messages already wait for this device");
            }
            sent = new SentMessage(messageId, ++lastSequence);
            waiting.put(lastSequence, new Entry(sent, message, now, expiry));
            remember(sent);
        }
        dispatch();
        return sent;
    }

    private static Instant parseExpiry(String text) throws HubException {
        try {
            return Instant.parse(text);
        } catch (DateTimeParseException e) {
            throw new HubException(HubError.MALFORMED, "the expiry is not an ISO-8601 instant in UTC");
        }
    }

    private void remember(SentMessage sent) {
        known.remove(sent.messageId());
        known.put(sent.messageId(), sent);
        if (known.size() > REMEMBERED + CAPACITY) {
            // At most CAPACITY are not final, so the search is short.
            Iterator<SentMessage> oldest = known.values().iterator();
            while (oldest.hasNext()) {
                if (oldest.next().state().isFinal()) {
                    oldest.remove();
                    return;
                }
            }
        }
    }

    synchronized @Nullable SentMessage find(String messageId) {
        return known.get(messageId);
    }

    /** How many messages are enqueued or locked. */
    synchronized int depth() {
        return waiting.size() + locked.size();
    }

    Hub.Presence receive(Consumer<CloudDelivery> receiver, Runnable replaced) {
        Link next = new Link(receiver, replaced);
        Link previous;
        synchronized (this) {
            previous = link;
            unlockAll();
            link = next;
        }
        if (previous != null) {
            previous.replaced.run();
        }
        dispatch();
        return next;
    }

    /** Unlocks what was locked for too long and drops what has expired. */
    void sweep() {
        List<Entry> expired = new ArrayList<>();
        synchronized (this) {
            Instant now = clock.instant();
            Iterator<Entry> each = locked.values().iterator();
            while (each.hasNext()) {
                Entry entry = each.next();
                if (!entry.lockedUntil.isAfter(now)) {
                    each.remove();
                    requeue(entry);
                }
            }
            waiting.values().removeIf(entry -> {
                boolean late = !entry.expiry.isAfter(now);
                if (late) {
                    entry.sent.moveTo(CloudMessageState.EXPIRED, entry.abandoned);
                    expired.add(entry);
                }
                return late;
            });
        }
        expired.forEach(entry -> entry.sent.announce());
        dispatch();
    }

    /** Ends the link and forgets every message, because the device is no more. */
    void purge() {
        List<Entry> gone;
        Link last;
        synchronized (this) {
            unlockAll();
            gone = new ArrayList<>(waiting.values());
            waiting.clear();
            gone.forEach(entry -> entry.sent.moveTo(CloudMessageState.PURGED, entry.abandoned));
            last = link;
            link = null;
        }
        gone.forEach(entry -> entry.sent.announce());
        if (last != null) {
            last.replaced.run();
        }
    }

    private void unlockAll() {
        List<Entry> unlocked = List.copyOf(locked.values());
        locked.clear();
        unlocked.forEach(this::requeue);
    }

    private void requeue(Entry entry) {
        entry.sent.moveTo(CloudMessageState.ENQUEUED, entry.abandoned);
        waiting.put(entry.sent.sequenceNumber(), entry);
    }

    /** Hands over what waits; a second caller leaves its work to the first, so that order is kept and nothing nests. */
    private void dispatch() {
        if (dispatchRequests.getAndIncrement() != 0) {
            return;
        }
        int served = 1;
        do {
            for (Delivery next = lockNext(); next != null; next = lockNext()) {
                next.handOver();
            }
            served = dispatchRequests.addAndGet(-served);
        } while (served != 0);
    }

    private synchronized @Nullable Delivery lockNext() {
        Map.Entry<Long, Entry> first = link == null ? null : waiting.pollFirstEntry();
        if (first == null || link == null) {
            return null;
        }
        Entry entry = first.getValue();
        UUID token = UUID.randomUUID();
        entry.lockedUntil = clock.instant().plus(LOCK);
        entry.sent.moveTo(CloudMessageState.LOCKED, entry.abandoned);
        locked.put(token, entry);
        return new Delivery(entry, token, link);
    }

    private void settle(UUID token, CloudMessageState outcome) throws HubException {
        Entry entry;
        synchronized (this) {
            entry = locked.remove(token);
            if (entry == null) {
                throw new HubException(HubError.LOCK_LOST, "the message was settled after its lock had ended");
            }
            if (outcome == CloudMessageState.ENQUEUED) {
                entry.abandoned++;
            }
            if (outcome == CloudMessageState.ENQUEUED && entry.abandoned < MAX_ABANDONS) {
                requeue(entry);
            } else {
                entry.sent.moveTo(
                        outcome == CloudMessageState.ENQUEUED ? CloudMessageState.DEAD_LETTERED : outcome,
                        entry.abandoned);
            }
        }
        entry.sent.announce();
        dispatch();
    }

    private final class Link implements Hub.Presence {
        private final Consumer<CloudDelivery> receiver;
        private final Runnable replaced;

        Link(Consumer<CloudDelivery> receiver, Runnable replaced) {
            this.receiver = receiver;
            this.replaced = replaced;
        }

        @Override
        public void close() {
            synchronized (CloudQueue.this) {
                if (link == this) {
                    link = null;
                    unlockAll();
                }
            }
        }
    }

    private static final class Entry {
        private final SentMessage sent;
        private final HubMessage message;
        private final Instant enqueuedTime;
        private final Instant expiry;
        private Instant lockedUntil = Instant.MIN;
        private int abandoned;

        Entry(SentMessage sent, HubMessage message, Instant enqueuedTime, Instant expiry) {
            this.sent = sent;
            this.message = message;
            this.enqueuedTime = enqueuedTime;
            this.expiry = expiry;
        }
    }

    private final class Delivery implements CloudDelivery {
        private final Entry entry;
        private final UUID token;
        private final Link link;
        private final int deliveryCount;
        private final AtomicBoolean settled = new AtomicBoolean();

        Delivery(Entry entry, UUID token, Link link) {
            this.entry = entry;
            this.token = token;
            this.link = link;
            this.deliveryCount = entry.abandoned;
        }

        private void handOver() {
            try {
                link.receiver.accept(this);
            } catch (RuntimeException e) {
                LOG.warn("a receiver of cloud-to-device messages failed; the lock of its message will lapse", e);
            }
        }

        @Override
        public HubMessage message() {
            return entry.message;
        }

        @Override
        public UUID lockToken() {
            return token;
        }

        @Override
        public long sequenceNumber() {
            return entry.sent.sequenceNumber();
        }

        @Override
        public Instant enqueuedTime() {
            return entry.enqueuedTime;
        }

        @Override
        public int deliveryCount() {
            return deliveryCount;
        }

        @Override
        public void complete() throws HubException {
            settleOnce(CloudMessageState.COMPLETED);
        }

        @Override
        public void reject() throws HubException {
            settleOnce(CloudMessageState.REJECTED);
        }

        @Override
        public void abandon() throws HubException {
            settleOnce(CloudMessageState.ENQUEUED);
        }

        private void settleOnce(CloudMessageState outcome) throws HubException {
            if (settled.compareAndSet(false, true)) {
                settle(token, outcome);
            }
        }
    }
}
