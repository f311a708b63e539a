// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;

/**
 * The names of all handlers, from the wire up. Handlers are found by name, never by class: a TLS handler can be there twice.
 *
 * <pre>
 *   tunnel              leaves after the proxy's 2xx
 *   tls, tls-records    stay
 *   websocket-upgrade   leaves after the 101
 *   websocket-frames    stays
 *   codec, session      the messaging protocol's own; stay
 *   guard               last; leaves when the attempt is over
 * </pre>
 */
public final class PipelineNames {
    public static final String TUNNEL = "tunnel";
    public static final String TLS = "tls";
    public static final String TLS_RECORDS = "tls-records";
    public static final String WEBSOCKET_UPGRADE = "websocket-upgrade";
    public static final String WEBSOCKET_FRAMES = "websocket-frames";
    public static final String CODEC = "codec";
    public static final String SESSION = "session";
    public static final String GUARD = "guard";

    private PipelineNames() {}

    /** Adds a handler above all others, but below the guard of a running attempt. */
    public static void append(ChannelPipeline pipeline, String name, ChannelHandler handler) {
        if (pipeline.context(GUARD) == null) {
            pipeline.addLast(name, handler);
        } else {
            pipeline.addBefore(GUARD, name, handler);
        }
    }
}
