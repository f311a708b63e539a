// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.watch.Ledger;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** The bounds of one outbox, in messages and bytes, and who waits for room within them. Thread-safe. */
final class Room {
    private final int maxMessages;
    private final long maxBytes;
    private final SharedRoom everybody;
    private final Callbacks callbacks;
    private final Ledger ledger;
    private final Queue<CompletableFuture<Void>> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiters = new AtomicInteger();

    /**
     * As much as is not in the books.
     *
     * @param everybody the bound of all outboxes together
     * @param ledger tells how much is taken
     */
    Room(int maxMessages, long maxBytes, SharedRoom everybody, Callbacks callbacks, Ledger ledger) {
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
        this.everybody = everybody;
        this.callbacks = callbacks;
        this.ledger = ledger;
    }

    /**
     * Takes room for a message of so many bytes, unless a bound is reached or the books are closed. One message is taken however large it is.
     */
    boolean claim(int size) {
        if (!ledger.hasRoom(maxMessages) || !everybody.claim(size)) {
            return false;
        }
        if (!ledger.accept(size, maxMessages, maxBytes)) {
            everybody.free(size);
            admit(); // for a moment there was less room than there is, and who has looked then waits
            return false;
        }
        return true;
    }

    /** Event loop: there is room again where messages were that the ledger has noted as answered. */
    void free() {
        given(ledger.post());
    }

    /** Any thread: the same for messages that no event loop will see. */
    void strand(int count, long size) {
        ledger.stranded(count, size);
        given(size);
    }

    private void given(long size) {
        everybody.free(size);
        if (waiters.get() > 0) {
            admit();
        }
    }

    /** How many have room. */
    int messages() {
        return (int) ledger.pending();
    }

    private boolean hasRoom() {
        return hasOwnRoom() && !everybody.isFull();
    }

    private boolean hasOwnRoom() {
        return ledger.hasRoom(maxMessages) && ledger.pendingBytes() < maxBytes;
    }

    UpstreamException full() {
        String what = everybody.isFull() && hasOwnRoom()
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
