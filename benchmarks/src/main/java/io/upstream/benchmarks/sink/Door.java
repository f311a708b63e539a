// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/** Connects a socket, or TLS, with a protocol; all answers to one read leave in one write. */
final class Door extends ChannelInboundHandlerAdapter {
    private static final int ANSWERS = 4_096;

    private final SinkProtocol protocol;
    private final Counters counters;
    private boolean refused;
    private ByteBuf answers = Unpooled.EMPTY_BUFFER;

    Door(SinkProtocol protocol, Counters counters) {
        this.protocol = protocol;
        this.counters = counters;
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        counters.connected();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        ByteBuf in = (ByteBuf) message;
        try {
            if (refused) {
                return;
            }
            if (answers.capacity() == 0) {
                answers = ctx.alloc().directBuffer(ANSWERS);
            }
            protocol.feed(in, answers);
        } catch (ProtocolViolation | IndexOutOfBoundsException e) {
            refused = true;
            counters.violation();
            System.err.println("sink: " + ctx.channel().remoteAddress() + " sent " + e.getMessage());
            ctx.close();
        } finally {
            in.release();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        protocol.endOfRead(answers);
        if (answers.isReadable()) {
            ByteBuf out = answers;
            answers = Unpooled.EMPTY_BUFFER;
            ctx.writeAndFlush(out, ctx.voidPromise());
        }
        if (protocol.isOver()) {
            ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        answers.release();
        answers = Unpooled.EMPTY_BUFFER;
        protocol.release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        ctx.close();
    }
}
