// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Both protocols over WebSocket (RFC 6455) on one port: {@code /$iothub/websocket}, the subprotocol chooses the head. It is a
 * head itself, to be installed above TLS.
 */
public final class WebSocketDoor implements ProtocolHead {
    /** An upgrade has no body to speak of. */
    private static final int MAX_REQUEST_BODY = 8 * 1024;

    private final Map<String, ProtocolHead> heads;
    private final @Nullable HttpApi api;

    /**
     * A door to these heads.
     *
     * @param heads by the exact name of their subprotocol
     */
    public WebSocketDoor(Map<String, ProtocolHead> heads) {
        this(heads, null);
    }

    /** As {@link #WebSocketDoor(Map)}; a connection that begins with one of the API's requests is the API's from then on. */
    public WebSocketDoor(Map<String, ProtocolHead> heads, @Nullable HttpApi api) {
        this.heads = Map.copyOf(heads);
        this.api = api;
    }

    @Override
    public void install(ChannelPipeline pipeline) {
        HttpObjectAggregator bodies = api == null ? new HttpObjectAggregator(MAX_REQUEST_BODY) : api.newBodies();
        pipeline.addLast(new HttpServerCodec(), bodies, new WebSocketUpgrade(heads, api));
    }
}
