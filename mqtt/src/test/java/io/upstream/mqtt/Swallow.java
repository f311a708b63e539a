// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;

/** A layer whose peer takes nothing and which waits for ever before it closes; above the lowest one. */
final class Swallow extends ChannelOutboundHandlerAdapter {
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        ReferenceCountUtil.release(message);
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        // waits for an answer that never comes
    }
}
