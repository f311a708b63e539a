// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import java.util.ArrayList;
import java.util.List;

/**
 * Gathers the buffers between two flushes into one frame, or into several that each fill a TLS record. A full one is passed on at once,
 * so no more than a record is withheld from the channel's count of what is unsent. Confined to one event loop.
 *
 * <p>A promise completes with the frame that holds its buffer's last byte. None is told of success inside {@link #write}, so no listener
 * can write between two parts of one buffer; one that hears of a failure there finds a channel that sends nothing any more.
 */
final class FrameGatherer {
    private final FrameWriter writer;
    private final List<ChannelPromise> waiting = new ArrayList<>(4);
    private boolean hasVoid;

    FrameGatherer(MaskKeys keys) {
        this.writer = new FrameWriter(keys);
    }

    /** Borrows {@code payload}. Throws what went wrong for good: the channel is closed then, since half a buffer may have gone. */
    void write(ChannelHandlerContext ctx, ByteBuf payload, ChannelPromise promise) {
        if (!promise.setUncancellable()) {
            return; // cancelled; from here on its bytes belong to a frame that carries others too
        }
        try {
            gather(ctx, payload, promise);
        } catch (RuntimeException | Error e) {
            discard(e);
            ctx.close();
            throw e;
        }
        if (!writer.isOpen()) {
            ctx.write(Unpooled.EMPTY_BUFFER, promise); // completes in its turn
            return;
        }
        hear(promise);
        if (writer.isFull()) {
            handOver(ctx);
        }
    }

    private void gather(ChannelHandlerContext ctx, ByteBuf payload, ChannelPromise promise) {
        int index = payload.readerIndex();
        int end = payload.writerIndex();
        while (index < end) {
            index += writer.append(ctx.alloc(), payload, index, end - index);
            if (index < end) {
                hasVoid |= promise.isVoid();
                handOver(ctx);
            }
        }
    }

    private void hear(ChannelPromise promise) {
        if (promise.isVoid()) {
            hasVoid = true;
        } else {
            waiting.add(promise);
        }
    }

    /** Writes the open frame, if there is one, to the next handler, without a flush. */
    void handOver(ChannelHandlerContext ctx) {
        ByteBuf frame = writer.finish();
        if (frame != null) {
            ctx.write(frame, outcome(ctx));
        }
    }

    /** Writes a control frame behind what has been gathered, and flushes. */
    void control(ChannelHandlerContext ctx, int opcode, byte[] payload, ChannelPromise promise) {
        handOver(ctx);
        ctx.writeAndFlush(writer.control(ctx.alloc(), opcode, payload), promise);
    }

    /** One promise for all that wait for the open frame; they wait no longer. */
    private ChannelPromise outcome(ChannelHandlerContext ctx) {
        ChannelPromise outcome;
        if (waiting.isEmpty()) {
            outcome = hasVoid ? ctx.voidPromise() : ctx.newPromise();
        } else if (waiting.size() == 1 && !hasVoid) {
            outcome = waiting.get(0);
        } else {
            outcome = shared(ctx);
        }
        waiting.clear();
        hasVoid = false;
        return outcome;
    }

    private ChannelPromise shared(ChannelHandlerContext ctx) {
        List<ChannelPromise> told = new ArrayList<>(waiting);
        if (hasVoid) {
            told.add(ctx.voidPromise());
        }
        return ctx.newPromise().addListener(written -> {
            for (ChannelPromise promise : told) {
                if (written.isSuccess()) {
                    promise.trySuccess();
                } else {
                    promise.tryFailure(written.cause());
                }
            }
        });
    }

    /** Releases the open frame and fails the writes that wait for it. */
    void discard(Throwable cause) {
        writer.discard();
        hasVoid = false;
        List<ChannelPromise> told = List.copyOf(waiting);
        waiting.clear();
        told.forEach(promise -> promise.tryFailure(cause));
    }
}
