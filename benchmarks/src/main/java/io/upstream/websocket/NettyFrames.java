// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.websocketx.BinaryWebSocketFrame;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameEncoder;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.ArrayList;
import java.util.List;

/** Netty's client codec, with its inner step and through a channel. Confined to one thread. */
final class NettyFrames {
    private static final int MAX_FRAME_BYTES = 1 << 20;

    private final List<Object> out = new ArrayList<>();
    private final Encoder encoder = new Encoder();
    private final Decoder decoder = new Decoder();
    private final EmbeddedChannel channel = new EmbeddedChannel(encoder, decoder);
    private final ChannelHandlerContext encoding = channel.pipeline().context(encoder);
    private final ChannelHandlerContext decoding = channel.pipeline().context(decoder);

    private static final class Encoder extends WebSocket13FrameEncoder {
        Encoder() {
            super(true);
        }

        void step(ChannelHandlerContext ctx, WebSocketFrame frame, List<Object> out) throws Exception {
            encode(ctx, frame, out);
        }
    }

    private static final class Decoder extends WebSocket13FrameDecoder {
        Decoder() {
            super(false, false, MAX_FRAME_BYTES);
        }

        void step(ChannelHandlerContext ctx, ByteBuf in, List<Object> out) throws Exception {
            decode(ctx, in, out);
        }
    }

    /** Borrows {@code payload}; gives what is to be sent, in one or two buffers. */
    List<Object> encode(ByteBuf payload) throws Exception {
        out.clear();
        BinaryWebSocketFrame frame = new BinaryWebSocketFrame(payload.retainedDuplicate());
        encoder.step(encoding, frame, out);
        frame.release();
        return out;
    }

    /** Gives the frame at the reader index of {@code wire}. */
    WebSocketFrame decode(ByteBuf wire) throws Exception {
        out.clear();
        while (out.isEmpty()) {
            decoder.step(decoding, wire, out);
        }
        return (WebSocketFrame) out.get(0);
    }

    EmbeddedChannel channel() {
        return channel;
    }
}
