// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.codec;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Where every encoder's bytes end: counted and released, and kept only while a check asks for them. */
public final class Wire implements Consumer<ByteBuf> {
    private long bytes;
    private @Nullable ByteArrayOutputStream kept;

    /** Takes the buffer. */
    @Override
    public void accept(ByteBuf out) {
        bytes += out.readableBytes();
        if (kept != null) {
            kept.writeBytes(ByteBufUtil.getBytes(out));
        }
        out.release();
    }

    /** The bytes so far, for a benchmark to return. */
    public long bytes() {
        return bytes;
    }

    /** What {@code writing} writes. */
    public byte[] during(Runnable writing) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        kept = all;
        writing.run();
        kept = null;
        return all.toByteArray();
    }

    /** The wire as the first handler of a channel. */
    public ChannelOutboundHandlerAdapter handler() {
        return new ChannelOutboundHandlerAdapter() {
            @Override
            public void write(ChannelHandlerContext ctx, Object msg, ChannelPromise promise) {
                accept((ByteBuf) msg);
                promise.setSuccess();
            }

            @Override
            public void flush(ChannelHandlerContext ctx) {}
        };
    }

    /** The wire for those that write to streams. */
    public OutputStream stream() {
        return new OutputStream() {
            @Override
            public void write(int b) {
                write(new byte[] {(byte) b}, 0, 1);
            }

            @Override
            public void write(byte[] source, int offset, int length) {
                bytes += length;
                if (kept != null) {
                    accept(Unpooled.copiedBuffer(source, offset, length));
                }
            }
        };
    }
}
