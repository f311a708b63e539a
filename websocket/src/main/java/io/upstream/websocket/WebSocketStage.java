// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.channel.Channel;
import io.upstream.HostPort;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.ConnectStage;
import io.upstream.connect.PipelineNames;
import io.upstream.connect.StageLimit;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;

/**
 * The WebSocket upgrade of RFC 6455 §4. When it is through, the handlers above {@link PipelineNames#WEBSOCKET_FRAMES} read and write
 * plain bytes, and closing the channel says goodbye with a close frame first.
 *
 * <p>It fails with {@link io.upstream.UpstreamException} of the kinds {@code WS_REJECTED} (any answer but 101, another subprotocol),
 * {@code UNAUTHORIZED} (401), {@code PROXY_AUTH} (407), {@code THROTTLED} (429, or 503 with Retry-After), {@code SERVER_ERROR} (5xx),
 * {@code PROTOCOL} (not HTTP, not WebSocket, an extension), {@code CLOSED_BY_PEER}. Redirects are not followed.
 */
public final class WebSocketStage implements ConnectStage {
    private static final StageLimit LIMIT = StageLimit.of(Duration.ofSeconds(10));
    private static final SecureRandom RANDOM = new SecureRandom();

    private final UpgradeRequest request;
    private final MaskKeys keys;

    /**
     * Prepares one upgrade. Draws from {@link SecureRandom}, so it belongs where a plan is made and not on an event loop.
     *
     * @param target the hub; its name goes into the Host field, with the port when that is not 443
     * @param path the request target: begins with a slash, may have a query, already percent-encoded
     * @param subprotocol the only one asked for and accepted, case included
     * @throws IllegalArgumentException for a path or subprotocol that HTTP cannot carry
     */
    public WebSocketStage(HostPort target, String path, String subprotocol) {
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(path, "path");
        Objects.requireNonNull(subprotocol, "subprotocol");
        request = new UpgradeRequest(target, path, subprotocol, RANDOM);
        keys = MaskKeys.seededFrom(RANDOM);
    }

    @Override
    public String name() {
        return "websocket";
    }

    @Override
    public StageLimit limit() {
        return LIMIT;
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        UpgradeHandler handler = new UpgradeHandler(request, new WebSocketFrames(where, keys), where);
        PipelineNames.append(channel.pipeline(), PipelineNames.WEBSOCKET_UPGRADE, handler);
        return handler.outcome();
    }
}
