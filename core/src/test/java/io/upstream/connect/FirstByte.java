// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.upstream.UpstreamException.Where;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Waits for the byte that {@link TlsPeer} sends behind the session ticket. */
record FirstByte() implements ConnectStage {
    @Override
    public String name() {
        return "first byte";
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        CompletableFuture<Void> seen = new CompletableFuture<>();
        PipelineNames.append(channel.pipeline(), PipelineNames.CODEC, new SimpleChannelInboundHandler<ByteBuf>() {
            @Override
            protected void channelRead0(ChannelHandlerContext ctx, ByteBuf in) {
                seen.complete(null);
            }
        });
        return seen;
    }
}
