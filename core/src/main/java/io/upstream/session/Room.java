// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** The bounds of one outbox, in messages and bytes, and who waits for room within them. Thread-safe. */
final class Room {
    private final int maxMessages;
    private final long maxBytes;
    private final SharedRoom everybody;
    private final Callbacks callbacks;
    private final AtomicInteger messages = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();
    private final Queue<CompletableFuture<Void>> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiters = new AtomicInteger();

    /** @param everybody the bound of all outboxes together */
    Room(int maxMessages, long maxBytes, SharedRoom everybody, Callbacks callbacks) {
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
        this.everybody = everybody;
        this.callbacks = callbacks;
    }

    /** Takes room for a message of so many bytes, unless a bound is reached. One message is taken however large it is. */
    boolean claim(int size) {
        if (messages.incrementAndGet() > maxMessages) {
            messages.decrementAndGet();
            return false;
        }
        long before = bytes.getAndAdd(size);
        if ((before > 0 && before + size > maxBytes) || !everybody.claim(size)) {
            bytes.addAndGet(-size);
            messages.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Gives room back. */
    void free(int count, long size) {
        messages.addAndGet(-count);
        bytes.addAndGet(-size);
        everybody.free(size);
        if (waiters.get() > 0) {
            admit();
        }
    }

    /** How many have room. */
    int messages() {
        return messages.get();
    }

    private boolean hasRoom() {
        return messages.get() < maxMessages && bytes.get() < maxBytes && !everybody.isFull();
    }

    UpstreamException full() {
        String what = everybody.isFull() && bytes.get() < maxBytes && messages.get() < maxMessages
                ? "all outboxes together are full (" + everybody.maxBytes()
                        + " bytes are under way): wait for permits, or raise UpstreamRuntime.Builder.outboxBytes"
                : "the outbox is full (" + maxMessages + " messages or " + maxBytes
                        + " bytes are under way): wait for permits or earlier sends, or raise UpstreamOptions.outbox";
        return UpstreamException.of(FailureKind.OUTBOX_FULL, Where.here("send"), what);
    }

    /** Completes when there is room, in the order of the calls. */
    CompletableFuture<Void> await() {
        CompletableFuture<Void> permit = new CompletableFuture<>();
        if (waiters.get() == 0 && hasRoom()) {
            permit.complete(null);
        } else if (waiters.incrementAndGet() > maxMessages) {
            waiters.decrementAndGet();
            permit.completeExceptionally(full());
        } else {
            waiting.add(permit);
            admit(); // room was given back meanwhile, perhaps
        }
        return permit;
    }

    /** Lets one in if there is room, and when he has used it the next: whoever uses none must not keep it from the others. */
    void admit() {
        if (waiters.get() == 0) {
            return;
        }
        if (!hasRoom()) {
            if (everybody.isFull()) {
                everybody.tellWhenFreed(this);
            }
            return;
        }
        CompletableFuture<Void> next = waiting.poll();
        if (next != null) { // else whoever is about to add himself looks again
            waiters.decrementAndGet();
            callbacks.run(() -> {
                next.complete(null);
                admit();
            });
        }
    }

    /** Nobody waits any more. */
    void end(UpstreamException cause) {
        for (CompletableFuture<Void> each = waiting.poll(); each != null; each = waiting.poll()) {
            waiters.decrementAndGet();
            CompletableFuture<Void> permit = each;
            callbacks.run(() -> permit.completeExceptionally(cause));
        }
    }
}
