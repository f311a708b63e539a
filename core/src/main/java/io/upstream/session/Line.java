// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.DesiredChange;
import io.upstream.MessageHandler;
import io.upstream.MethodHandler;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One identity's presence on one connection, from the hub's welcome until {@link LineOwner#down}. Confined to the event loop of its session.
 * The futures that it is given are completed on the session's callbacks; after {@code down} none is left open.
 */
public interface Line {
    /** Something new waits in {@link LineOwner#outbox}, or can be written again. */
    void pump();

    /** As {@link io.upstream.UpstreamSession#onMessage}. */
    void onMessage(MessageHandler handler, CompletableFuture<Void> outcome);

    /** As {@link io.upstream.UpstreamSession#onDesiredChange}. */
    void onDesiredChange(Consumer<DesiredChange> handler, CompletableFuture<Void> outcome);

    /** As {@link io.upstream.UpstreamSession#onMethod}. */
    void onMethod(MethodHandler handler, CompletableFuture<Void> outcome);

    /** As {@link io.upstream.UpstreamSession#twin}. */
    void twin(CompletableFuture<Twin> outcome);

    /**
     * As {@link io.upstream.UpstreamSession#report}.
     *
     * @param patch as {@link TwinDocument#patch} gives it
     * @param base the version that the reported properties must have, or null
     */
    void report(byte[] patch, @Nullable Long base, CompletableFuture<Long> outcome);

    /**
     * As {@link io.upstream.UpstreamSession#probe}.
     *
     * @param outcome fails if no answer comes within the patience of the keep-alive
     */
    void probe(CompletableFuture<Duration> outcome);

    /** What the hub had granted and taken back does not come again on this line: ends at once, as if the connection were lost. */
    void giveUp(UpstreamException cause);

    /**
     * Sends what waits in the outbox and awaits all answers, for at most {@code drain}; then says goodbye and tells {@link LineOwner#down}.
     * Idempotent; a later call cannot prolong an earlier one.
     */
    void finish(Duration drain);
}
