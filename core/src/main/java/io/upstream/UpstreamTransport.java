// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * The way to one hub: bound to its name, a protocol choice, a proxy choice and a runtime. Opens a session for each identity.
 *
 * <p><b>Threads:</b> every method may be called from any thread and none blocks but {@link #close()}.
 */
public interface UpstreamTransport extends AutoCloseable {

    /** A transport on a runtime of its own, closed with it. Finds the protocols on the class path or module path. */
    static UpstreamTransport create(UpstreamOptions options) {
        return Transports.create(options);
    }

    /** A transport on a runtime shared with others, which the caller closes after it. */
    static UpstreamTransport create(UpstreamOptions options, UpstreamRuntime runtime) {
        return Transports.create(options, runtime);
    }

    /**
     * The host has another network, or the network is back: sessions that pause before their next attempt try now, connections are asked
     * for a sign of life and replaced if none comes within {@link UpstreamOptions#keepAlivePatience}, and proxies that failed are tried again.
     * What has nothing to do with the network, as a refused key or a hub that asks for less, keeps its pause. Without it all this happens, too,
     * after the pauses of {@link Reconnect} and the keep-alive. Returns at once.
     */
    void networkChanged();

    /**
     * Connects and authenticates. The future completes with a session that is {@link Phase#CONNECTED}, or fails with an {@link
     * UpstreamException} that names the stage and the hop, not later than {@link UpstreamOptions#connectTimeout} from now for
     * each protocol tried.
     */
    CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials);

    /** What has happened in this transport until now, in sessions that are closed, too; never blocks, also after {@code close}. */
    TransportStatistics statistics();

    /** Closes every session as {@link UpstreamSession#close(Duration)} does, then the connections. Idempotent; never fails. */
    CompletionStage<Void> close(Duration drain);

    /** Completes when {@link #close} is done, whoever called it; never fails. */
    CompletionStage<Void> whenClosed();

    /** {@link #close(Duration)} with {@link UpstreamOptions#closeTimeout}, waiting for it unless called on a thread of the runtime. */
    @Override
    void close();
}
