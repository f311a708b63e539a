// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOption;

/** Ends a connection as a failing network does: no goodbye of WebSocket or TLS, and a reset in place of TCP's own. */
public final class Cut {
    private Cut() {}

    /** Returns at once; from any thread. */
    public static void cut(Channel channel) {
        channel.config().setOption(ChannelOption.SO_LINGER, 0);
        // From the far end of the pipeline, so that no handler has a last word.
        ChannelHandlerContext first = channel.pipeline().firstContext();
        if (first == null) {
            channel.close();
        } else {
            first.close();
        }
    }
}
