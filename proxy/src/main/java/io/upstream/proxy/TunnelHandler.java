// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.upstream.UpstreamException;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One CONNECT and its answer. Leaves the pipeline when the tunnel is open; confined to the channel's event loop. */
final class TunnelHandler extends ChannelInboundHandlerAdapter {
    private static final Logger log = LoggerFactory.getLogger(TunnelHandler.class);

    private enum Phase {
        REQUESTING,
        AWAITING_ANSWER,
        OVER
    }

    private final String requestHead;
    private final TunnelFailures failures;
    private final CompletableFuture<Void> established;
    private final ConnectResponseParser parser = new ConnectResponseParser();
    private Phase phase = Phase.REQUESTING;

    /** @param requestHead all ASCII; may hold credentials */
    TunnelHandler(String requestHead, TunnelFailures failures, CompletableFuture<Void> established) {
        this.requestHead = requestHead;
        this.failures = failures;
        this.established = established;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ChannelFuture sent = ctx.writeAndFlush(ByteBufUtil.writeAscii(ctx.alloc(), requestHead));
        sent.addListener(done -> {
            if (!done.isSuccess()) {
                fail(failures.socket(sent.cause()));
            } else if (phase == Phase.REQUESTING) {
                phase = Phase.AWAITING_ANSWER;
            }
        });
        ctx.read(); // for a channel that reads only when asked
    }

    /** Takes {@code message}. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (phase == Phase.REQUESTING) {
                fail(failures.answeredUnasked());
            } else if (phase == Phase.AWAITING_ANSWER) {
                read(ctx, (ByteBuf) message);
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void read(ChannelHandlerContext ctx, ByteBuf bytes) {
        switch (parser.feed(bytes)) {
            case INCOMPLETE -> {}
            case MALFORMED, TOO_LARGE -> fail(failures.unintelligible(parser.fault(), parser.badStatusLine()));
            case COMPLETE -> answered(ctx, parser.response(), bytes);
        }
    }

    private void answered(ChannelHandlerContext ctx, ConnectResponse response, ByteBuf surplus) {
        if (parser.sawBareLineFeed()) {
            log.debug(
                    "proxy {} ends header lines with a bare line feed",
                    ctx.channel().remoteAddress());
        }
        if (!response.opensTheTunnel()) {
            fail(failures.refused(response));
        } else if (surplus.isReadable()) {
            refuseSurplus(response, surplus);
        } else {
            open(ctx);
        }
    }

    /**
     * The decision about bytes that came with the 2xx: refuse them. The layer above is TLS, whose client speaks first, so they cannot be
     * the hub's; passing them on would only turn a clear report into a broken handshake. A layer whose server speaks first would need
     * them passed on instead, after {@link #open}.
     */
    private void refuseSurplus(ConnectResponse response, ByteBuf surplus) {
        fail(failures.spokeBeforeTls(response, surplus));
    }

    /** The next layer is established within {@code complete}, so it is in place when this handler leaves. */
    private void open(ChannelHandlerContext ctx) {
        phase = Phase.OVER;
        established.complete(null);
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        if (phase != Phase.OVER) {
            ctx.read();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(failures.closed(parser.hasBegun()));
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(failures.socket(cause));
        ctx.fireExceptionCaught(cause);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        fail(failures.removed());
    }

    private void fail(UpstreamException failure) {
        if (phase != Phase.OVER) {
            phase = Phase.OVER;
            established.completeExceptionally(failure);
        }
    }
}
