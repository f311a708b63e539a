// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/**
 * Keeps how a peer begins to speak, below the TLS handler: what does not speak TLS often says what it is. And looks at the first octet,
 * which is that of a handshake or an alert (RFC 8446 section 5.1): the TLS handler would take other protocols, such as AMQP, for the
 * beginning of a long SSL 2 record and wait for the rest.
 */
final class FirstBytes extends ChannelInboundHandlerAdapter {
    private static final int LIMIT = 64;

    private static final int ALERT = 21;
    private static final int HANDSHAKE = 22;

    private final Consumer<String> notTls;
    private final StringBuilder seen = new StringBuilder();

    /** @param notTls told how the peer speaks when that is not TLS; nothing of it is passed on */
    FirstBytes(Consumer<String> notTls) {
        this.notTls = notTls;
    }

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
        if (seen.isEmpty() || seen.charAt(0) == ALERT || seen.charAt(0) == HANDSHAKE) {
            ctx.fireChannelRead(message);
        } else {
            ReferenceCountUtil.release(message);
            notTls.accept(printable());
        }
    }
}
