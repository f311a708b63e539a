// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A layer that waits for one letter; what follows it belongs to the next layer. Another letter is a failure of that kind. */
record LetterStage(String name, char letter, FailureKind otherwise) implements ConnectStage {
    LetterStage(String name, char letter) {
        this(name, letter, FailureKind.PROTOCOL);
    }

    @Override
    public CompletionStage<Void> establish(Channel channel, Where where) {
        CompletableFuture<Void> seen = new CompletableFuture<>();
        PipelineNames.append(channel.pipeline(), name, new ByteToMessageDecoder() {
            @Override
            protected void decode(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) {
                if (in.readByte() == letter) {
                    seen.complete(null);
                    ctx.pipeline().remove(this);
                } else {
                    seen.completeExceptionally(UpstreamException.of(otherwise, where, "not the letter"));
                }
            }
        });
        return seen;
    }
}
