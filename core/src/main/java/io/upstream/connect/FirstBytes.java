// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.nio.charset.StandardCharsets;

/** Keeps how a peer begins to speak, below the TLS handler: what does not speak TLS often says what it is. */
final class FirstBytes extends ChannelInboundHandlerAdapter {
    private static final int LIMIT = 64;

    private final StringBuilder seen = new StringBuilder();

    /** At most {@value #LIMIT} characters, what cannot be printed replaced by dots; empty if the peer has said nothing. */
    String printable() {
        return seen.toString().replaceAll("[^\\x20-\\x7E]", ".").strip();
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (message instanceof ByteBuf bytes && seen.length() < LIMIT) {
            int count = Math.min(LIMIT - seen.length(), bytes.readableBytes());
            seen.append(bytes.toString(bytes.readerIndex(), count, StandardCharsets.ISO_8859_1));
        }
        ctx.fireChannelRead(message);
    }
}
