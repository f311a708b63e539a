// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One message on its way, from the call to the hub's answer. Answered once, on the event loop; later answers have no effect, so that a
 * late acknowledgement of an expired message is harmless.
 */
public final class Send {
    private final Outbox outbox;
    private final Telemetry telemetry;
    private final long deadlineNanos;
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private boolean answered;

    Send(Outbox outbox, Telemetry telemetry, long deadlineNanos) {
        this.outbox = outbox;
        this.telemetry = telemetry;
        this.deadlineNanos = deadlineNanos;
    }

    public Telemetry telemetry() {
        return telemetry;
    }

    /** The hub has it. */
    public void succeed() {
        answer(null);
    }

    /** The hub does not have it, or nobody knows. */
    public void fail(UpstreamException cause) {
        answer(cause);
    }

    boolean isAnswered() {
        return answered;
    }

    /** Whether the application has lost interest. */
    boolean isCancelled() {
        return outcome.isDone();
    }

    long deadlineNanos() {
        return deadlineNanos;
    }

    CompletableFuture<Void> outcome() {
        return outcome;
    }

    private void answer(@Nullable UpstreamException cause) {
        if (answered) {
            return;
        }
        answered = true;
        outbox.release(this);
        outbox.tell(this, cause);
    }
}
