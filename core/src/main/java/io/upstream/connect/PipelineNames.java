// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelPipeline;

/**
 * The names of all handlers, from the wire up. Handlers are found by name, never by class: a TLS handler can be there twice.
 *
 * <pre>
 *   stage-watch         first; leaves when the attempt is over
 *   proxy-tls           stays
 *   tunnel, socks       leave when the proxy has opened the way
 *   tls, tls-records    stay
 *   tls-first-bytes     leaves when TLS is up; also below proxy-tls
 *   websocket-upgrade   leaves after the 101
 *   websocket-frames    stays
 *   codec, session      the messaging protocol's own; stay
 *   guard               last; leaves when the attempt is over
 * </pre>
 */
public final class PipelineNames {
    public static final String WATCH = "stage-watch";
    public static final String PROXY_TLS = "proxy-tls";
    public static final String TUNNEL = "tunnel";
    public static final String SOCKS = "socks";
    public static final String TLS_FIRST_BYTES = "tls-first-bytes";
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
