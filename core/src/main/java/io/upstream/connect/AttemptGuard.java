// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.function.Consumer;

/**
 * The last handler while an attempt runs: whatever reaches it was claimed by no layer. Bytes that nobody waits for fail the attempt
 * instead of vanishing, and so does an error of the socket.
 */
final class AttemptGuard {
    private final Consumer<Throwable> failure;

    AttemptGuard(Consumer<Throwable> failure) {
        this.failure = failure;
    }

    /** A handler for one socket; its pipeline name is {@link PipelineNames#GUARD}. */
    ChannelHandler forNextSocket() {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(Channel channel) {
                channel.pipeline().addLast(PipelineNames.GUARD, new Last());
            }
        };
    }

    void leave(ChannelPipeline pipeline) {
        if (pipeline.context(PipelineNames.GUARD) != null) {
            pipeline.remove(PipelineNames.GUARD);
        }
    }

    private final class Last extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            ReferenceCountUtil.release(message);
            failure.accept(new UnclaimedBytesException());
        }

        /** Comes last on purpose: a layer that knows better why the peer left has said so by now. */
        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            failure.accept(new ClosedChannelException());
        }

        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
            failure.accept(cause);
        }
    }
}
