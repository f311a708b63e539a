// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.upstream.UpstreamException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Makes the plan of one attempt. Called anew for each: what it depends on is waited for first, then the plan is made on a thread that may
 * block. Here the proxy is chosen, tokens are signed, trust files and certificates are read, so that a change of any of them is seen by the
 * next attempt.
 */
@FunctionalInterface
public interface ConnectPlanner {
    /** Called once, when {@link #ready} is done. */
    ConnectPlan plan() throws UpstreamException;

    /**
     * Begins what the plan cannot be made without, such as a token that somebody else signs. Called once, on the event loop; completes on any
     * thread. What it takes counts against the budget of the attempt.
     */
    default CompletionStage<?> ready() {
        return CompletableFuture.completedFuture(null);
    }
}
