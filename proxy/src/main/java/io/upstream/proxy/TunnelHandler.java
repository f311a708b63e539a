// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import io.upstream.UpstreamException;
import io.upstream.connect.FreshConnection;
import io.upstream.connect.PeerClock;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection's share of the dialogue with a proxy.
 *
 * <pre>
 *   AUTHENTICATING ──► REQUESTING ──► AWAITING_ANSWER ──► OPEN      any 2xx
 *         ▲                                │
 *         └──────────── DRAINING ◄─────────┘                       a 407 that can be answered
 *   any of them ──► FAILED                                         or on to another connection
 * </pre>
 *
 * Leaves the pipeline when the tunnel is open; confined to the channel's event loop.
 */
final class TunnelHandler extends ChannelDuplexHandler {
    private static final Logger log = LoggerFactory.getLogger(TunnelHandler.class);
    private static final int REQUEST_TIMEOUT = 408;

    /** Whether another request can go over this connection. */
    private enum Line {
        /** No request yet. */
        NEW,
        REUSABLE,
        /** The peer closes it, or sent more than belongs to its answer. */
        SPENT
    }

    private final ConnectRequest request;
    private final Negotiation negotiation;
    private final TunnelFailures failures;
    private final TunnelLimits limits;
    private final Authorizing authorizing;
    private final CompletableFuture<Void> established;
    private final Alarm alarm = new Alarm();
    private ConnectResponseParser parser = new ConnectResponseParser();
    private @Nullable ConnectResponse asked;
    private @Nullable AnswerBody body;
    private @Nullable UpstreamException loss;
    private TunnelPhase phase = TunnelPhase.AUTHENTICATING;
    private Line line = Line.NEW;
    private int requests;

    TunnelHandler(
            ConnectRequest request,
            Negotiation negotiation,
            TunnelFailures failures,
            TunnelLimits limits,
            PeerClock clock,
            CompletableFuture<Void> established) {
        this.request = request;
        this.negotiation = negotiation;
        this.failures = failures;
        this.limits = limits;
        this.authorizing = new Authorizing(negotiation, clock);
        this.established = established;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        established.whenComplete((up, error) -> alarm.cancel());
        authorize(ctx, negotiation::opening);
        ctx.read(); // for a channel that reads only when asked
    }

    private void authorize(ChannelHandlerContext ctx, Supplier<CompletionStage<String>> making) {
        Duration limit = limits.authentication();
        alarm.set(ctx, limit, () -> fail(authorizing.late(limit)));
        authorizing.make(making).whenComplete((authorization, error) -> {
            if (phase != TunnelPhase.AUTHENTICATING) {
                return; // over meanwhile
            } else if (error != null) {
                fail(negotiation.failures().translated(error));
            } else if (line == Line.SPENT) {
                leaveFor(authorization);
            } else {
                send(ctx, authorization);
            }
        });
    }

    private void send(ChannelHandlerContext ctx, String authorization) {
        if (!negotiation.mayRequest()) {
            fail(negotiation.failures().tooManyRequests());
            return;
        }
        moveTo(TunnelPhase.REQUESTING);
        requests++;
        parser = new ConnectResponseParser();
        alarm.set(ctx, limits.exchange(), () -> fail(failures.noAnswerInTime(limits.exchange())));
        ChannelFuture sent = ctx.writeAndFlush(ByteBufUtil.encodeString(
                ctx.alloc(), CharBuffer.wrap(request.head(authorization)), StandardCharsets.ISO_8859_1));
        int number = requests;
        sent.addListener(done -> {
            if (!done.isSuccess()) {
                lost(ctx, failures.socket(sent.cause()));
            } else if (phase == TunnelPhase.REQUESTING && number == requests) {
                moveTo(TunnelPhase.AWAITING_ANSWER);
            }
        });
    }

    /** Takes {@code message}. */
    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        try {
            ByteBuf bytes = (ByteBuf) message;
            switch (phase) {
                case AUTHENTICATING -> spokeMeanwhile(bytes);
                case REQUESTING -> spokeTooSoon(failures.answeredUnasked());
                case AWAITING_ANSWER -> read(ctx, bytes);
                case DRAINING -> drain(ctx, bytes);
                case OPEN, FAILED -> {} // the attempt closes the channel, or has it already
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    /** A proxy that is tired of waiting for our first request may say so before it closes. */
    private void spokeMeanwhile(ByteBuf bytes) {
        boolean tired = parser.feed(bytes) == ConnectResponseParser.Outcome.COMPLETE
                && parser.response().status() == REQUEST_TIMEOUT;
        if (line == Line.NEW && !tired) {
            fail(failures.answeredUnasked());
        } else {
            left(failures.closed(false));
        }
    }

    /** While we were at work: what is being made may still be good for another connection. */
    private void left(UpstreamException failure) {
        if (line == Line.NEW) {
            loss = failure;
        }
        line = Line.SPENT;
    }

    /** What is wrong with a second answer may be the end of the first, so that another connection is worth a try. */
    private void spokeTooSoon(UpstreamException failure) {
        if (requests > 1) {
            sayAgain(failure);
        } else {
            fail(failure);
        }
    }

    private void read(ChannelHandlerContext ctx, ByteBuf bytes) {
        switch (parser.feed(bytes)) {
            case INCOMPLETE -> {}
            case MALFORMED, TOO_LARGE -> spokeTooSoon(failures.unintelligible(parser.fault(), parser.badStatusLine()));
            case COMPLETE -> answered(ctx, parser.response(), bytes);
        }
    }

    private void answered(ChannelHandlerContext ctx, ConnectResponse response, ByteBuf surplus) {
        if (parser.sawBareLineFeed()) {
            log.debug(
                    "proxy {} ends header lines with a bare line feed",
                    ctx.channel().remoteAddress());
        }
        if (response.status() == 407) {
            challenged(ctx, response, surplus);
        } else if (!response.opensTheTunnel()) {
            negotiation.refusedAltogether(response);
            fail(failures.refused(response));
        } else if (surplus.isReadable()) {
            refuseSurplus(response, surplus);
        } else {
            open(ctx, response);
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

    private void challenged(ChannelHandlerContext ctx, ConnectResponse response, ByteBuf rest) {
        Optional<UpstreamException> refusal = negotiation.refusal(response);
        if (refusal.isPresent()) {
            fail(refusal.get());
            return;
        }
        asked = response;
        body = AnswerBody.of(response, limits.drainBytes()).orElse(null);
        if (body == null) {
            authenticate(ctx, Line.SPENT);
            return;
        }
        moveTo(TunnelPhase.DRAINING);
        alarm.set(ctx, limits.drain(), () -> authenticate(ctx, Line.SPENT));
        drain(ctx, rest);
    }

    private void drain(ChannelHandlerContext ctx, ByteBuf bytes) {
        AnswerBody reading = body;
        if (reading == null) {
            return;
        }
        switch (reading.feed(bytes)) {
            case INCOMPLETE -> {}
            case COMPLETE -> authenticate(ctx, bytes.isReadable() ? Line.SPENT : Line.REUSABLE);
            case UNUSABLE -> authenticate(ctx, Line.SPENT);
        }
    }

    private void authenticate(ChannelHandlerContext ctx, Line state) {
        ConnectResponse response = asked;
        if (response == null) {
            return;
        }
        line = state;
        moveTo(TunnelPhase.AUTHENTICATING);
        authorize(ctx, () -> negotiation.answer(response));
    }

    /** The answer is there, and this connection can no longer carry it. */
    private void leaveFor(String authorization) {
        if (negotiation.needsThisConnection()) {
            beginAgain(negotiation.failures().closedWithinTheDialogue());
        } else {
            negotiation.carryOver(authorization);
            UpstreamException lost = loss;
            fail(new FreshConnection(
                    lost != null ? lost : negotiation.failures().connectionsUsedUp()));
        }
    }

    /** The connection is gone. */
    private void lost(ChannelHandlerContext ctx, UpstreamException failure) {
        switch (phase) {
            case AUTHENTICATING -> left(failure);
            case REQUESTING, AWAITING_ANSWER -> {
                if (requests > 1 && !parser.hasBegun()) {
                    sayAgain(failure);
                } else {
                    fail(failure);
                }
            }
            case DRAINING -> authenticate(ctx, Line.SPENT);
            case OPEN, FAILED -> {}
        }
    }

    /** The proxy may have closed without a word after its 407, which is nobody's mistake; once, so that a proxy that falls over is left alone. */
    private void sayAgain(UpstreamException failure) {
        if (negotiation.isBound()) {
            beginAgain(negotiation.failures().closedWithinTheDialogue());
        } else if (negotiation.repeat()) {
            fail(new FreshConnection(failure));
        } else {
            fail(failure);
        }
    }

    private void beginAgain(UpstreamException otherwise) {
        fail(negotiation.restart() ? new FreshConnection(otherwise) : otherwise);
    }

    /** The next layer is established within {@code complete}, so it is in place when this handler leaves. */
    private void open(ChannelHandlerContext ctx, ConnectResponse response) {
        try {
            negotiation.opened(response);
        } catch (UpstreamException e) {
            fail(e);
            return;
        }
        moveTo(TunnelPhase.OPEN);
        established.complete(null);
        if (!ctx.isRemoved()) {
            ctx.pipeline().remove(this);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        ctx.fireChannelReadComplete();
        if (!phase.isOver()) {
            ctx.read();
        }
    }

    /** The attempt gives up: nothing that is being made is of use any more. */
    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        fail(failures.closed(parser.hasBegun()));
        ctx.close(promise);
    }

    /** Not told to the guard behind this handler while another connection can still take over. */
    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        if (ctx.channel().eventLoop().isShuttingDown()) {
            fail(failures.runtimeClosed());
        } else {
            lost(ctx, failures.closed(parser.hasBegun()));
        }
        if (phase.isOver()) {
            ctx.fireChannelInactive();
        }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        if (phase.isOver()) {
            ctx.fireExceptionCaught(cause);
        } else {
            lost(ctx, failures.socket(cause));
        }
    }

    /** A channel that has closed takes all its handlers out, and what is being made may still be good for another connection. */
    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        if (ctx.channel().isOpen()) {
            fail(failures.removed());
        }
    }

    private void fail(Exception failure) {
        if (!phase.isOver()) {
            moveTo(TunnelPhase.FAILED);
            established.completeExceptionally(failure);
        }
    }

    private void moveTo(TunnelPhase next) {
        if (!phase.mayBecome(next)) {
            throw new IllegalStateException("a tunnel that is " + phase + " cannot become " + next);
        }
        phase = next;
    }
}
