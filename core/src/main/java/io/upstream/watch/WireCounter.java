// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.concurrent.atomic.LongAdder;

/** Next to the socket: counts the bytes of all connections of one transport. */
final class WireCounter extends ChannelDuplexHandler {
    private final LongAdder sent;
    private final LongAdder received;

    WireCounter(LongAdder sent, LongAdder received) {
        this.sent = sent;
        this.received = received;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof ByteBuf bytes) {
            received.add(bytes.readableBytes());
        }
        ctx.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (message instanceof ByteBuf bytes) {
            sent.add(bytes.readableBytes());
        }
        ctx.write(message, promise);
    }
}
