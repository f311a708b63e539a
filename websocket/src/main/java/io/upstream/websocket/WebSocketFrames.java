// SPDX-License-Identifier: Apache-2.0
package io.upstream.websocket;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.connect.Failures;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The client's frames of RFC 6455, between TLS and a protocol that is a byte stream. Above it there are only buffers of plain bytes, in
 * both directions; bytes of a frame that is not complete are passed up as they arrive.
 *
 * <ul>
 *   <li><b>Writing:</b> takes the buffer, also on failure. The buffers between two flushes are gathered into binary frames that fill a
 *       TLS record each, the last one excepted: a frame tells nothing of the buffers' bounds. The payload is copied, so a caller that has
 *       retained it may send it again. A write cannot be cancelled once it was gathered.
 *   <li><b>Reading:</b> gives buffers of plain bytes, as few as possible: what came from the wire, or retained slices of it.
 *   <li><b>Pings</b> are answered at the end of each read. While a pong is unsent, only the latest ping is answered (RFC 6455 §5.5.3), so
 *       a flood of them holds at most two pongs. None are sent from here: MQTT and AMQP have keep-alives of their own, which also reach
 *       the hub behind a gateway that answers pings itself.
 *   <li><b>{@code close}</b> sends a close frame with 1000, drops what still arrives, and closes the channel after the server's close
 *       frame or two seconds, whichever is first.
 *   <li><b>When the server closes</b> its frame is answered once, {@code exceptionCaught} tells the handlers above code and reason, and
 *       the channel is closed two seconds later if the server has not done so.
 *   <li><b>A violation</b> is answered with a close frame and told to {@code exceptionCaught} as {@link FailureKind#PROTOCOL}; nothing
 *       is passed up after it, and the channel is closed within a second.
 * </ul>
 */
final class WebSocketFrames extends ChannelDuplexHandler {
    static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);
    static final Duration VIOLATION_LIMIT = Duration.ofSeconds(1);

    /** Which close frames have travelled. */
    private enum Phase {
        OPEN,
        /** Ours went first; the server's is awaited. */
        CLOSE_SENT,
        /** The server's came first and was answered; the server may close the socket. */
        CLOSE_ANSWERED,
        /** The server broke the protocol: whatever it says now is ignored. */
        FAILED,
        CLOSED;

        boolean mayBecome(Phase next) {
            return this == OPEN ? next != OPEN : this != CLOSED && next == CLOSED;
        }
    }

    private final Where where;
    private final FrameReader reader = new FrameReader();
    private final PayloadRun run = new PayloadRun();
    private final FrameGatherer writes;
    private Phase phase = Phase.OPEN;
    private @Nullable UpstreamException cause;
    private @Nullable Future<?> alarm;
    private byte @Nullable [] latestPing;
    private boolean pongUnsent;
    private boolean passedUp;

    WebSocketFrames(Where where, MaskKeys keys) {
        this.where = where;
        this.writes = new FrameGatherer(keys);
    }

    // ---- inbound

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (!(message instanceof ByteBuf in)) {
            ctx.fireChannelRead(message);
            return;
        }
        run.begin(in);
        try {
            readFrames(ctx, in);
            passUpTheRest(ctx);
        } catch (FrameViolation violation) {
            passUpTheRest(ctx);
            fail(ctx, violation);
        } finally {
            run.end();
        }
    }

    private void readFrames(ChannelHandlerContext ctx, ByteBuf in) throws FrameViolation {
        while (isReading()) {
            switch (reader.next(in)) {
                case NOTHING -> {
                    return;
                }
                case DATA -> data(ctx, in, reader.chunk());
                case PING -> latestPing = reader.controlPayload();
                case PONG -> {} // unsolicited, since no ping is ever sent (RFC 6455 §5.5.3)
                case CLOSE -> closedByPeer(ctx, CloseReason.parse(reader.controlPayload()));
            }
        }
    }

    /** The handlers above may close whenever something is passed up. */
    private boolean isReading() {
        return phase == Phase.OPEN || phase == Phase.CLOSE_SENT;
    }

    private void data(ChannelHandlerContext ctx, ByteBuf in, int count) {
        if (phase == Phase.OPEN && !run.accepts(count)) {
            passedUp = true;
            ctx.fireChannelRead(run.slice());
        }
        if (phase == Phase.OPEN) {
            run.add(count);
        } else {
            in.skipBytes(count);
        }
    }

    private void passUpTheRest(ChannelHandlerContext ctx) {
        if (phase == Phase.OPEN && !run.isEmpty()) {
            passedUp = true;
            ctx.fireChannelRead(run.last());
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        answerPing(ctx);
        boolean starved = !passedUp && !ctx.channel().config().isAutoRead();
        passedUp = false;
        ctx.fireChannelReadComplete();
        if (starved) {
            ctx.read(); // whoever reads by hand asked for data, and got only headers or control frames
        }
    }

    private void answerPing(ChannelHandlerContext ctx) {
        byte[] payload = latestPing;
        if (payload == null || pongUnsent || phase != Phase.OPEN) {
            return;
        }
        latestPing = null;
        pongUnsent = true;
        send(ctx, Opcode.PONG, payload).addListener(sent -> {
            pongUnsent = false;
            if (sent.isSuccess()) {
                answerPing(ctx);
            }
        });
    }

    private void closedByPeer(ChannelHandlerContext ctx, CloseReason reason) {
        passUpTheRest(ctx);
        if (phase != Phase.OPEN) {
            leave();
            closeNow(ctx);
            return;
        }
        moveTo(Phase.CLOSE_ANSWERED);
        cause = ended(reason);
        send(ctx, Opcode.CLOSE, CloseReason.payload(reason.code()));
        closeAfter(ctx, CLOSE_LIMIT);
        ctx.fireExceptionCaught(cause);
    }

    /** The handlers above hear of it before the channel goes, so that the first cause is the true one. */
    private void fail(ChannelHandlerContext ctx, FrameViolation violation) {
        if (phase != Phase.OPEN) {
            leave();
            closeNow(ctx);
            return;
        }
        moveTo(Phase.FAILED);
        cause = UpstreamException.of(
                FailureKind.PROTOCOL,
                where,
                where.hop() + " broke the WebSocket protocol: " + violation.getMessage() + " (closed with "
                        + violation.closeCode()
                        + "); check that the path belongs to a messaging service, and what lies between",
                violation);
        ChannelFuture told = send(ctx, Opcode.CLOSE, CloseReason.payload(violation.closeCode()));
        closeAfter(ctx, VIOLATION_LIMIT);
        ctx.fireExceptionCaught(cause);
        told.addListener(done -> closeNow(ctx));
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        leave();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        leave();
    }

    // ---- outbound

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        try {
            if (phase != Phase.OPEN) {
                promise.tryFailure(cause != null ? cause : closedHere());
            } else if (message instanceof ByteBuf payload) {
                writes.write(ctx, payload, promise);
            } else {
                promise.tryFailure(new IllegalArgumentException(
                        "only buffers can be sent, was " + message.getClass().getName()));
            }
        } finally {
            ReferenceCountUtil.release(message);
        }
    }

    @Override
    public void flush(ChannelHandlerContext ctx) {
        writes.handOver(ctx);
        ctx.flush();
    }

    @Override
    public void close(ChannelHandlerContext ctx, ChannelPromise promise) {
        if (phase == Phase.CLOSED || !ctx.channel().isActive()) {
            ctx.close(promise);
            return;
        }
        ctx.channel().closeFuture().addListener(closed -> promise.trySuccess());
        if (phase == Phase.OPEN) {
            moveTo(Phase.CLOSE_SENT);
            closeAfter(ctx, CLOSE_LIMIT);
            send(ctx, Opcode.CLOSE, CloseReason.payload(CloseReason.NORMAL)).addListener(sent -> {
                if (!sent.isSuccess()) {
                    closeNow(ctx);
                }
            });
        }
    }

    private ChannelFuture send(ChannelHandlerContext ctx, int opcode, byte[] payload) {
        ChannelPromise sent = ctx.newPromise();
        writes.control(ctx, opcode, payload, sent);
        return sent;
    }

    // ---- the end

    private void closeAfter(ChannelHandlerContext ctx, Duration limit) {
        alarm = ctx.executor().schedule(() -> closeNow(ctx), limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    private static void closeNow(ChannelHandlerContext ctx) {
        ctx.close();
    }

    private void leave() {
        if (phase != Phase.CLOSED) {
            moveTo(Phase.CLOSED);
        }
        latestPing = null;
        writes.discard(cause != null ? cause : new ClosedChannelException());
        if (alarm != null) {
            alarm.cancel(false);
        }
    }

    private void moveTo(Phase next) {
        if (!phase.mayBecome(next)) {
            throw new IllegalStateException("a WebSocket that is " + phase + " cannot become " + next);
        }
        phase = next;
    }

    private UpstreamException closedHere() {
        return UpstreamException.of(
                FailureKind.CLOSED, where, "the WebSocket to " + where.hop() + " was closed here: open a new session");
    }

    private UpstreamException ended(CloseReason reason) {
        String text = reason.text().isBlank() ? "" : ", saying '" + Failures.printable(reason.text()) + "'";
        return UpstreamException.of(
                reason.kind(),
                where,
                where.hop() + " closed the WebSocket with " + reason.describe() + text + ": " + reason.advice());
    }
}
