// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The wait of {@code close()}. */
final class BlockingClose {
    /** {@link io.upstream.UpstreamSession#close(Duration)} is done 5 s after the drain. */
    private static final Duration GRACE = Duration.ofSeconds(6);

    private BlockingClose() {}

    /** Waits for {@code closing}, but not on a thread of {@code runtime}: it may be the one that has to do the work. */
    static void await(CompletionStage<Void> closing, Duration drain, UpstreamRuntime runtime) {
        if (runtime.ownsCurrentThread()) {
            return;
        }
        try {
            closing.toCompletableFuture().get(drain.plus(GRACE).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            // close() promises to return; what was late ends by its own deadlines
            return;
        }
    }
}
