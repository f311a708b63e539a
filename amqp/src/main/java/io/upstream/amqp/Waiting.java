// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The blocking form of {@code close}. */
final class Waiting {
    /** What a goodbye may take after the drain, and a little for the threads. */
    private static final Duration GRACE = Duration.ofSeconds(6);

    private Waiting() {}

    /** Waits, with a bound; not at all on a thread of the runtime, which would wait for itself. */
    static void forClose(CompletionStage<Void> closing, Duration drain, UpstreamRuntime runtime) {
        if (runtime.ownsCurrentThread()) {
            return;
        }
        Future<Void> closed = closing.toCompletableFuture();
        try {
            closed.get(drain.plus(GRACE).toNanos(), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // close() promises to return; what was late ends by its own deadlines
            return;
        }
    }
}
