// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;

/** Counts flushes on their way to the socket. */
final class Flushes extends ChannelOutboundHandlerAdapter {
    private int count;

    int count() {
        return count;
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        count++;
        ctx.flush();
    }
}
