// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.Map;

/**
 * Both protocols over WebSocket (RFC 6455) on one port: {@code /$iothub/websocket}, the subprotocol chooses the head. It is a
 * head itself, to be installed above TLS.
 */
public final class WebSocketDoor implements ProtocolHead {
    /** An upgrade has no body to speak of. */
    private static final int MAX_REQUEST_BODY = 8 * 1024;

    private final Map<String, ProtocolHead> heads;

    /**
     * A door to these heads.
     *
     * @param heads by the exact name of their subprotocol
     */
    public WebSocketDoor(Map<String, ProtocolHead> heads) {
        this.heads = Map.copyOf(heads);
    }

    @Override
    public void install(ChannelPipeline pipeline) {
        pipeline.addLast(
                new HttpServerCodec(), new HttpObjectAggregator(MAX_REQUEST_BODY), new WebSocketUpgrade(heads));
    }
}
