// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.function.Consumer;

/**
 * The last handler while an attempt runs: whatever reaches it was claimed by no layer. Bytes that nobody waits for fail the attempt
 * instead of vanishing, and so does an error of the socket.
 */
final class AttemptGuard extends ChannelInboundHandlerAdapter {
    private final Consumer<Throwable> failure;

    private AttemptGuard(Consumer<Throwable> failure) {
        this.failure = failure;
    }

    /** Begins to watch a pipeline that has no handler yet; the guard's name is {@link PipelineNames#GUARD}. */
    static void enter(ChannelPipeline pipeline, Consumer<Throwable> failure) {
        pipeline.addLast(PipelineNames.GUARD, new AttemptGuard(failure));
    }

    static void leave(ChannelPipeline pipeline) {
        if (pipeline.context(PipelineNames.GUARD) != null) {
            pipeline.remove(PipelineNames.GUARD);
        }
    }

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
