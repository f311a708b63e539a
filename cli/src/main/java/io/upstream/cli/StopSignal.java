// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import java.util.concurrent.CompletableFuture;

/** Somebody wants the command to end in good order: a signal, or a test. Any thread. */
final class StopSignal {
    private final CompletableFuture<Void> requested = new CompletableFuture<>();

    void request() {
        requested.complete(null);
    }

    boolean isRequested() {
        return requested.isDone();
    }

    /** Completes when {@link #request} is called; each caller gets a future of its own. */
    CompletableFuture<Void> requested() {
        return requested.copy();
    }
}
