// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.upstream.emulator.server.Cut;
import io.upstream.emulator.server.PeerCertificates;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.transport.ConnectionError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.engine.impl.TransportImpl;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pumps bytes between a channel and proton-j's engine, on the channel's event loop. The engine throws at input that it did not expect
 * (null pointers included); whatever it throws ends this connection and no other.
 */
final class AmqpConnectionHandler extends ChannelInboundHandlerAdapter {
    private static final Logger LOG = LoggerFactory.getLogger(AmqpConnectionHandler.class);
    private static final long OPEN_DEADLINE_SECONDS = 60;
    private static final long CLOSE_DEADLINE_SECONDS = 5;
    private static final long SHORTEST_TICK_MILLIS = 1_000;
    /** Seven eighths of the two minutes that a peer is taken to mean if it sets no idle-time-out. */
    private static final long BEAT_SECONDS = 105;

    private static final byte[] EMPTY_FRAME = {0, 0, 0, 8, 2, 0, 0, 0};

    private enum Phase {
        NEW,
        /** Waiting for the peer's headers, SASL and open. */
        OPENING,
        OPEN,
        /** Our close is sent; the peer's is awaited. */
        CLOSING,
        CLOSED
    }

    private final AmqpHead head;
    private final Transport transport = Proton.transport();
    private Phase phase = Phase.NEW;
    /** The first is running. */
    private final ArrayDeque<Runnable> tasks = new ArrayDeque<>();

    private @Nullable AmqpConnection connection;
    /** The open deadline, then the idle tick, then the close deadline. */
    private @Nullable Future<?> timer;

    private @Nullable Future<?> heart;

    AmqpConnectionHandler(AmqpHead head) {
        this.head = head;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext ctx) {
        if (ctx.channel().isActive()) {
            start(ctx);
        }
    }

    @Override
    public void channelActive(ChannelHandlerContext ctx) {
        if (phase == Phase.NEW) {
            start(ctx);
        }
        ctx.fireChannelActive();
    }

    private void start(ChannelHandlerContext ctx) {
        AmqpConnection started = new AmqpConnection(
                head,
                transport,
                ctx.executor(),
                task -> ctx.executor().execute(() -> guarded(ctx, task)),
                () -> PeerCertificates.of(ctx.channel()),
                () -> Cut.cut(ctx.channel()));
        connection = started;
        ((TransportImpl) transport).setProtocolTracer(new FrameGate());
        started.start();
        phase = Phase.OPENING;
        timer = ctx.executor().schedule(() -> shut(ctx), OPEN_DEADLINE_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object msg) {
        ByteBuf bytes = (ByteBuf) msg;
        try {
            if (phase != Phase.CLOSED && connection != null) {
                feed(connection, bytes);
            }
        } catch (Throwable e) { // the engine's own errors included
            fail(ctx, e);
        } finally {
            bytes.release();
        }
    }

    private void feed(AmqpConnection target, ByteBuf bytes) {
        while (bytes.isReadable()) {
            int capacity = transport.capacity();
            if (capacity <= 0) {
                return; // the engine wants no more: its last words are written when the read is complete
            }
            ByteBuffer tail = transport.tail();
            int count = Math.min(Math.min(capacity, tail.remaining()), bytes.readableBytes());
            int limit = tail.limit();
            bytes.readBytes(tail.limit(tail.position() + count));
            tail.limit(limit); // the engine may leave the buffer as it is until it has seen a whole header
            transport.process();
            target.dispatch();
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext ctx) {
        guarded(ctx, () -> {});
        ctx.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext ctx) {
        ctx.channel().config().setAutoRead(ctx.channel().isWritable());
        guarded(ctx, () -> {});
        ctx.fireChannelWritabilityChanged();
    }

    /**
     * Runs a task, then everything that follows from it: events, bytes, the next phase. A call from within, as when a write makes the channel
     * unwritable, leaves its task to the outer one: output must not overtake output.
     */
    private void guarded(ChannelHandlerContext ctx, Runnable task) {
        if (phase == Phase.CLOSED || connection == null) {
            return;
        }
        tasks.add(task);
        if (tasks.size() > 1) {
            return;
        }
        try {
            for (Runnable next = tasks.peek(); next != null && phase != Phase.CLOSED; next = tasks.peek()) {
                next.run();
                connection.dispatchAll();
                int pending = write(ctx);
                ctx.flush();
                advance(ctx, connection, pending);
                tasks.poll();
            }
        } catch (Throwable e) { // the engine's own errors included
            fail(ctx, e);
        }
    }

    /** Writes what the engine has to say, as far as the channel takes it. What remains is 0, or negative at the engine's end. */
    private int write(ChannelHandlerContext ctx) {
        int pending = transport.pending();
        while (pending > 0 && ctx.channel().isWritable()) {
            ByteBuffer head = transport.head().duplicate();
            int count = head.remaining();
            ByteBuf bytes = ctx.alloc().buffer(count).writeBytes(head);
            transport.pop(count);
            ctx.write(bytes);
            pending = transport.pending();
        }
        return pending;
    }

    private void advance(ChannelHandlerContext ctx, AmqpConnection current, int pending) {
        if (pending > 0) {
            return;
        }
        if (pending < 0 || SaslGate.refused(transport.sasl()) || (current.closedHere() && current.closedByPeer())) {
            shut(ctx);
        } else if (current.closedHere() && phase != Phase.CLOSING) {
            phase = Phase.CLOSING;
            restartTimer(ctx, () -> shut(ctx), TimeUnit.SECONDS.toMillis(CLOSE_DEADLINE_SECONDS));
        } else if (phase == Phase.OPENING && current.openedByPeer()) {
            phase = Phase.OPEN;
            tick(ctx);
            if (transport.getRemoteIdleTimeout() == 0) {
                heart = ctx.executor()
                        .scheduleAtFixedRate(() -> beat(ctx), BEAT_SECONDS, BEAT_SECONDS, TimeUnit.SECONDS);
            }
        }
    }

    /** By hand, for the engine sends empty frames only to a peer that asks for them. Between the engine's frames, or not at all. */
    private void beat(ChannelHandlerContext ctx) {
        if (phase == Phase.OPEN && transport.pending() == 0 && ctx.channel().isWritable()) {
            ctx.writeAndFlush(Unpooled.wrappedBuffer(EMPTY_FRAME));
        }
    }

    /** Sends an empty frame or gives a silent peer up, as the engine finds due, and comes back when it says so. */
    private void tick(ChannelHandlerContext ctx) {
        long now = TimeUnit.NANOSECONDS.toMillis(ctx.executor().ticker().nanoTime()) + 1; // 0 means never to the engine
        long deadline = transport.tick(now);
        if (deadline > 0) {
            restartTimer(ctx, () -> guarded(ctx, () -> tick(ctx)), Math.max(SHORTEST_TICK_MILLIS, deadline - now));
        }
    }

    private void restartTimer(ChannelHandlerContext ctx, Runnable task, long delayMillis) {
        cancelTimer();
        timer = ctx.executor().schedule(task, delayMillis, TimeUnit.MILLISECONDS);
    }

    private void cancelTimer() {
        if (timer != null) {
            timer.cancel(false);
            timer = null;
        }
    }

    private void fail(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("an AMQP connection failed: {}", cause.toString());
        try {
            if (connection != null && transport.getCondition() == null) {
                connection.close(
                        cause instanceof FrameGate.Violation violation
                                ? new ErrorCondition(violation.condition(), violation.getMessage())
                                : new ErrorCondition(ConnectionError.FRAMING_ERROR, "the input is not valid AMQP"));
            }
            write(ctx);
        } catch (Throwable again) { // an engine that has lost its way need not find a last word
            LOG.debug("the engine could not say why: {}", again.toString());
        }
        shut(ctx);
    }

    private void shut(ChannelHandlerContext ctx) {
        release();
        ctx.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
    }

    private void release() {
        phase = Phase.CLOSED;
        cancelTimer();
        if (heart != null) {
            heart.cancel(false);
        }
        tasks.clear();
        if (connection != null) {
            connection.release();
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext ctx) {
        release();
        ctx.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext ctx) {
        release();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext ctx, Throwable cause) {
        LOG.debug("an AMQP connection is lost: {}", cause.toString());
        release();
        ctx.close();
    }
}
