// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One message on its way, from the call to the hub's answer, and at the same time the future that the application holds: it is all that a
 * message costs. Answered once, on the event loop; later answers have no effect, so that a late acknowledgement of an expired message is
 * harmless. Once answered it keeps neither the message nor its neighbours, however long the application keeps it.
 */
public final class Send extends CompletableFuture<Void> {
    private final Outbox outbox;
    private final long deadlineNanos;
    private @Nullable Telemetry telemetry;
    private boolean answered;
    private @Nullable UpstreamException cause;

    /** The neighbours in the one list of {@link Outbox} that it stands in; each takes and clears them itself. */
    @Nullable
    Send next;

    @Nullable
    Send previous;

    Send(Outbox outbox, Telemetry telemetry, long deadlineNanos) {
        this.outbox = outbox;
        this.telemetry = telemetry;
        this.deadlineNanos = deadlineNanos;
    }

    /**
     * What is to be sent.
     *
     * @throws IllegalStateException once it is answered
     */
    public Telemetry telemetry() {
        if (telemetry == null) {
            throw new IllegalStateException("the message has been answered");
        }
        return telemetry;
    }

    /** The hub has it. */
    public void succeed() {
        answer(null);
    }

    /** The hub does not have it, or nobody knows. */
    public void fail(UpstreamException reason) {
        answer(reason);
    }

    boolean isAnswered() {
        return answered;
    }

    long deadlineNanos() {
        return deadlineNanos;
    }

    /** Completes the future; runs what depends on it. */
    void tell() {
        if (cause == null) {
            complete(null);
        } else {
            completeExceptionally(cause);
        }
    }

    /** For a future that no event loop will answer any more. */
    void refuse(UpstreamException reason) {
        answered = true;
        telemetry = null;
        cause = reason;
    }

    private void answer(@Nullable UpstreamException reason) {
        if (telemetry == null || answered) {
            return;
        }
        answered = true;
        cause = reason;
        int size = telemetry.size();
        telemetry = null;
        outbox.answered(this, size);
    }
}
