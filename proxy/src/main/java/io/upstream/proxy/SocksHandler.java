// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.upstream.UpstreamException;
import io.upstream.connect.FreshConnection;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** One dialogue with a SOCKS proxy. Leaves the pipeline when the way is open; confined to the channel's event loop. */
final class SocksHandler extends ChannelInboundHandlerAdapter {
    private static final String TOO_MUCH = "said more than it was asked";

    private enum Phase {
        SPEAKING,
        LISTENING,
        /** What to answer is being found out. */
        THINKING,
        OVER
    }

    private final SocksDialogue dialogue;
    private final SocksTexts texts;
    private final CompletableFuture<Void> established;
    private final Runnable requested;
    private final byte[] answer = new byte[SocksDialogue.MAX_ANSWER];
    private Phase phase = Phase.SPEAKING;
    private int count;

    SocksHandler(SocksDialogue dialogue, SocksTexts texts, CompletableFuture<Void> established) {
        this(dialogue, texts, established, () -> {});
    }

    /** @param requested runs when the address is asked for */
    SocksHandler(SocksDialogue dialogue, SocksTexts texts, CompletableFuture<Void> established, Runnable requested) {
        this.dialogue = dialogue;
        this.texts = texts;
        this.established = established;
        this.requested = requested;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        say(ctx, dialogue.greeting());
        ctx.read(); // for a channel that reads only when asked
    }

    private void say(ChannelHandlerContext ctx, byte[] words) {
        phase = Phase.SPEAKING;
        count = 0;
        if (dialogue.subject() == SocksDialogue.Subject.ADDRESS) {
            requested.run();
        }
        ctx.writeAndFlush(Unpooled.wrappedBuffer(words)).addListener(done -> {
            if (!done.isSuccess()) {
                fail(texts.socket(done.cause()));
            } else if (phase == Phase.SPEAKING) {
                phase = Phase.LISTENING;
            }
        });
    }

    /** Takes {@code message}. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            if (phase == Phase.SPEAKING) {
                fail(texts.unasked("spoke before it was asked"));
            } else if (phase == Phase.LISTENING) {
                read(ctx, (ByteBuf) message);
            } else if (phase == Phase.THINKING) {
                fail(texts.unasked(TOO_MUCH));
            }
        } catch (UpstreamException e) {
            fail(e);
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    private void read(ChannelHandlerContext ctx, ByteBuf bytes) throws UpstreamException {
        while (bytes.isReadable()) {
            answer[count++] = bytes.readByte();
            if (dialogue.length(answer, count) == count) {
                answered(ctx, dialogue.reply(Arrays.copyOf(answer, count)), bytes.readableBytes());
                return;
            }
        }
    }

    /** Bytes behind an answer are refused: nobody has asked for them, and behind the last one the hub waits for us to begin with TLS. */
    private void answered(ChannelHandlerContext ctx, CompletionStage<byte[]> reply, int surplus) {
        CompletableFuture<byte[]> next = reply.toCompletableFuture();
        if (surplus > 0 && !next.isDone()) {
            fail(texts.unasked(TOO_MUCH));
            return;
        }
        phase = Phase.THINKING;
        next.whenCompleteAsync(
                (words, error) -> {
                    if (phase != Phase.THINKING) {
                        return; // over meanwhile
                    } else if (error != null) {
                        fail(texts.ofTheProvider(error));
                    } else if (!ctx.channel().isActive()) {
                        fail(new FreshConnection(texts.closed(false))); // it did not wait for the answer
                    } else {
                        answer(ctx, words, surplus);
                    }
                },
                LoopExecutor.of(ctx.executor()));
    }

    private void answer(ChannelHandlerContext ctx, byte[] next, int surplus) {
        if (next.length == 0) {
            if (surplus > 0) {
                fail(texts.spokeBeforeTls(surplus));
            } else {
                open(ctx);
            }
        } else if (surplus > 0) {
            fail(texts.unasked(TOO_MUCH));
        } else {
            say(ctx, next);
        }
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
        if (phase == Phase.THINKING) {
            return; // what is being found out may still be good for another connection
        }
        fail(texts.closed(count > 0));
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        fail(texts.socket(cause));
        ctx.fireExceptionCaught(cause);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        fail(texts.removed());
    }

    private void fail(Exception failure) {
        if (phase != Phase.OVER) {
            phase = Phase.OVER;
            established.completeExceptionally(failure);
        }
    }
}
