// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.server;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CloseWebSocketFrame;
import io.netty.handler.codec.http.websocketx.ContinuationWebSocketFrame;
import io.netty.handler.codec.http.websocketx.CorruptedWebSocketFrameException;
import io.netty.handler.codec.http.websocketx.PingWebSocketFrame;
import io.netty.handler.codec.http.websocketx.PongWebSocketFrame;
import io.netty.handler.codec.http.websocketx.TextWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocketCloseStatus;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import io.netty.util.ReferenceCountUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns binary frames into a stream of bytes and back; a frame's end means nothing to the protocol inside. */
final class WebSocketBytes extends ChannelDuplexHandler {
    private static final Logger LOG = LoggerFactory.getLogger(WebSocketBytes.class);

    private boolean closing;

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (closing || !(message instanceof WebSocketFrame frame)) {
            ReferenceCountUtil.release(message);
        } else if (frame instanceof BinaryWebSocketFrame || frame instanceof ContinuationWebSocketFrame) {
            ctx.fireChannelRead(frame.content());
        } else {
            try {
                control(ctx, frame);
            } finally {
                frame.release();
            }
        }
    }

    private void control(ChannelHandlerContext ctx, WebSocketFrame frame) {
        if (frame instanceof PingWebSocketFrame) {
            ctx.writeAndFlush(new PongWebSocketFrame(frame.content().retain()));
        } else if (frame instanceof TextWebSocketFrame) {
            close(ctx, new CloseWebSocketFrame(WebSocketCloseStatus.INVALID_MESSAGE_TYPE));
        } else if (frame instanceof CloseWebSocketFrame) {
            // Not an echo of the payload: Paho's is not a valid status.
            close(ctx, new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE));
        }
    }

    private void close(ChannelHandlerContext ctx, CloseWebSocketFrame frame) {
        closing = true;
        ctx.writeAndFlush(frame).addListener(ChannelFutureListener.CLOSE);
    }

    /**
     * A frame for all bytes there are, and none for none: heads write an empty buffer to learn when all before it is written, which goes on as
     * it is. An empty frame would say nothing, and qpid-proton-j-extensions before 1.2.7 never returns from a read that holds just two bytes.
     */
    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        ctx.write(
                message instanceof ByteBuf bytes && bytes.isReadable() ? new BinaryWebSocketFrame(bytes) : message,
                promise);
    }

    /** Says goodbye if the socket takes it at once; does not wait for it. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (!closing && ctx.channel().isWritable()) {
            closing = true;
            ctx.writeAndFlush(new CloseWebSocketFrame(WebSocketCloseStatus.NORMAL_CLOSURE));
        }
        ctx.close(promise);
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("{} ends: {}", ctx.channel(), cause.toString());
        if (cause instanceof CorruptedWebSocketFrameException) {
            closing = true; // the decoder has answered with a close frame and closes behind it
        } else {
            ctx.close();
        }
    }
}
