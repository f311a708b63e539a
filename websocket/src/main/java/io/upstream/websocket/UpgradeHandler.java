// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import io.upstream.connect.PipelineNames;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Sends the upgrade request, waits for the 101 and leaves. The frames' handler is in place before the outcome is told, and bytes that
 * came with the 101 follow after that: so the layer that is established within the telling gets them.
 */
final class UpgradeHandler extends ChannelInboundHandlerAdapter {
    static final int MAX_INTERIM = 8;

    private final UpgradeRequest request;
    private final WebSocketFrames frames;
    private final UpgradeCheck check;
    private final Where where;
    private final CompletableFuture<Void> outcome = new CompletableFuture<>();
    private ResponseHeadParser parser = new ResponseHeadParser();
    private int interim;

    UpgradeHandler(UpgradeRequest request, WebSocketFrames frames, Where where) {
        this.request = request;
        this.frames = frames;
        this.check = new UpgradeCheck(request, where);
        this.where = where;
    }

    CompletableFuture<Void> outcome() {
        return outcome;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        ctx.writeAndFlush(request.encode(ctx.alloc())).addListener(sent -> {
            if (!sent.isSuccess()) {
                fail(Failures.translate(sent.cause(), where));
            }
        });
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (outcome.isDone() || !(message instanceof ByteBuf in)) {
            ReferenceCountUtil.release(message); // refused: the attempt is closing the channel
            return;
        }
        try {
            ResponseHead head = finalHead(in);
            if (head != null) {
                conclude(ctx, head, in.retain());
            }
        } catch (MalformedResponseException e) {
            fail(UpstreamException.of(
                    FailureKind.PROTOCOL,
                    where,
                    where.hop() + " did not answer the WebSocket upgrade in HTTP/1.1, " + e.getMessage()
                            + "; check host and port",
                    e));
        } finally {
            in.release();
        }
    }

    /** Skips interim responses (RFC 9110 §15.2); 101 is the one of them that is final here. */
    private @Nullable ResponseHead finalHead(ByteBuf in) throws MalformedResponseException {
        ResponseHead head = parser.parse(in);
        while (head != null && head.status() < 200 && head.status() != 101) {
            if (++interim > MAX_INTERIM) {
                throw new MalformedResponseException("more than " + MAX_INTERIM + " interim responses");
            }
            parser = new ResponseHeadParser();
            head = parser.parse(in);
        }
        return head;
    }

    /** Takes {@code surplus}. */
    private void conclude(ChannelHandlerContext ctx, ResponseHead head, ByteBuf surplus) {
        UpstreamException refusal = check.refusal(head);
        if (refusal != null) {
            surplus.release(); // the page that comes with an error is not read
            fail(refusal);
            return;
        }
        PipelineNames.append(ctx.pipeline(), PipelineNames.WEBSOCKET_FRAMES, frames);
        outcome.complete(null);
        if (surplus.isReadable()) {
            ctx.fireChannelRead(surplus);
        } else {
            surplus.release();
        }
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        fail(UpstreamException.of(
                FailureKind.CLOSED_BY_PEER,
                where,
                where.hop() + " closed the connection "
                        + (parser.bytes() == 0 ? "without answering" : "in the middle of its answer to")
                        + " the WebSocket upgrade: check host and port, and what lies between"));
        ctx.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (outcome.isDone()) {
            ctx.fireExceptionCaught(cause);
        } else {
            fail(Failures.translate(cause, where));
        }
    }

    private void fail(UpstreamException error) {
        outcome.completeExceptionally(error);
    }
}
