// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.ChannelHandler;
import io.netty.handler.codec.http.HttpObjectAggregator;

/** Requests that are answered by HTTP itself, on a port which they share with WebSocket. */
public interface HttpApi {
    /** Whether a request for this target, in origin form, is one of them. */
    boolean serves(String target);

    /** A new collector of bodies for one connection, with room for the API's largest; upgrades pass through it, too. */
    HttpObjectAggregator newBodies();

    /** A new handler for one connection. It reads {@code FullHttpRequest}s, which it releases, and writes responses. */
    ChannelHandler newHandler();
}
