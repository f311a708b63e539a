// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.ChannelPipeline;

/** The server's side of one protocol. What lies below it, TLS or WebSocket, it does not see. */
@FunctionalInterface
public interface ProtocolHead {
    /**
     * Adds the head's handlers to the end of a pipeline on its event loop. They read and write {@code ByteBuf}s whose boundaries
     * mean nothing. The channel may be active already.
     */
    void install(ChannelPipeline pipeline);
}
