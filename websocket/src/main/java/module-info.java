// SPDX-License-Identifier: Apache-2.0
/** The client's side of WebSocket, for the protocol modules of Upstream. */
@SuppressWarnings("module") // the siblings that the qualified export names are not on this module's own path
module io.upstream.websocket {
    requires io.netty.buffer;
    requires io.netty.common;
    requires io.netty.transport;
    requires io.upstream.core;
    requires static org.jspecify;

    exports io.upstream.websocket to
            io.upstream.mqtt,
            io.upstream.amqp;
}
