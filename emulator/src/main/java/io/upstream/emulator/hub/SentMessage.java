// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What became of a message to a device. Safe for use by any thread. */
public final class SentMessage {
    private final String messageId;
    private final long sequenceNumber;
    private final CompletableFuture<CloudMessageState> outcome = new CompletableFuture<>();
    private volatile CloudMessageState state = CloudMessageState.ENQUEUED;
    private volatile int deliveryCount;

    SentMessage(String messageId, long sequenceNumber) {
        this.messageId = messageId;
        this.sequenceNumber = sequenceNumber;
    }

    public String messageId() {
        return messageId;
    }

    public long sequenceNumber() {
        return sequenceNumber;
    }

    public CloudMessageState state() {
        return state;
    }

    /** How often the device abandoned it. */
    public int deliveryCount() {
        return deliveryCount;
    }

    /** Completes with the final state, on the thread that brought it about; never fails. */
    public CompletionStage<CloudMessageState> outcome() {
        return outcome.minimalCompletionStage();
    }

    /**
     * Waits for the final state.
     *
     * @throws TimeoutException if there is none after {@code limit}; the message tells the state until then
     */
    public CloudMessageState awaitOutcome(Duration limit) throws InterruptedException, TimeoutException {
        try {
            return outcome.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new TimeoutException("message " + messageId + " is still " + state + " after " + limit);
        } catch (ExecutionException e) {
            throw new IllegalStateException("an outcome never fails", e);
        }
    }

    /** Called under the lock of the queue. */
    void moveTo(CloudMessageState next, int abandoned) {
        state = next;
        deliveryCount = abandoned;
    }

    /** Called outside the lock of the queue, for waiters run here. */
    void announce() {
        if (state.isFinal()) {
            outcome.complete(state);
        }
    }
}
