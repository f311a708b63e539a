// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.upstream.UpstreamException;
import java.util.concurrent.CompletionStage;

/**
 * One layer of a connection: a proxy tunnel, TLS, a WebSocket upgrade, a protocol login. An instance serves one attempt,
 * which may take several connections, one after the other.
 *
 * <p>Everything runs on the channel's event loop. A stage adds its handlers with {@link PipelineNames#append}, speaks, and completes
 * exactly once:
 *
 * <ul>
 *   <li>it completes <b>before</b> it removes its own handlers, so that the next stage, which is established within that call, is
 *       already in the pipeline when surplus bytes are passed on;
 *   <li>surplus bytes are passed on or refused, never dropped;
 *   <li>on failure it completes with an {@link UpstreamException} that carries {@code where}. It neither closes the channel nor logs:
 *       the attempt does;
 *   <li>with {@link FreshConnection} it asks for another connection instead.
 * </ul>
 */
public interface ConnectStage {
    /** Short and stable, the label in error messages: {@code proxy-tls}, {@code tunnel}, {@code tls}, {@code websocket} … */
    String name();

    /** How long it may take; the attempt sees to it, while its {@link PeerClock} runs. Twenty seconds unless the stage says otherwise. */
    default StageLimit limit() {
        return StageLimit.OTHERWISE;
    }

    /**
     * An attempt begins in which this stage leads to the target: comes once, before anything else.
     *
     * @param clock to be stopped while something here is waited for, and not the peer
     */
    default void begin(PeerClock clock) {}

    /** Starts speaking. The attempt closes the channel when time is up. */
    CompletionStage<Void> establish(Channel channel, UpstreamException.Where where);

    /**
     * Whatever came of it, the attempt that was {@linkplain #begin begun} asks nothing more of this stage: comes once, last. What a dialogue
     * keeps beyond one connection ends here.
     */
    default void end() {}
}
