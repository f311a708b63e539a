// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import java.util.List;
import java.util.Map;

/**
 * Protocols over WebSocket (RFC 6455) on one port: the path chooses the entrance, for a hub's clients {@code /$iothub/websocket}, the
 * subprotocol chooses the head. It is a head itself, to be installed above TLS.
 */
public final class WebSocketDoor implements ProtocolHead {
    /** An upgrade has no body to speak of. */
    private static final int MAX_REQUEST_BODY = 8 * 1024;

    private final List<Entrance> entrances;
    private final List<HttpApi> apis;

    /**
     * A door to these heads of a hub. A connection that begins with one of an API's requests is that API's from then on.
     *
     * @param heads by the exact name of their subprotocol
     * @param apis the first one's limit for bodies is the limit for all
     */
    public WebSocketDoor(Map<String, ProtocolHead> heads, HttpApi... apis) {
        this(List.of(Entrance.hub(heads)), apis);
    }

    /** As {@link #WebSocketDoor(Map, HttpApi...)}, with other entrances. */
    public WebSocketDoor(List<Entrance> entrances, HttpApi... apis) {
        this.entrances = List.copyOf(entrances);
        this.apis = List.of(apis);
    }

    @Override
    public void install(ChannelPipeline pipeline) {
        HttpObjectAggregator bodies = apis.isEmpty()
                ? new HttpObjectAggregator(MAX_REQUEST_BODY)
                : apis.get(0).newBodies();
        pipeline.addLast(new HttpServerCodec(), bodies, new WebSocketUpgrade(entrances, apis));
    }
}
