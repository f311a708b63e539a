// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.amqp.engine.AmqpEngine;
import io.upstream.amqp.engine.EngineEvents;
import io.upstream.amqp.engine.Opening;
import io.upstream.amqp.engine.PeerError;
import io.upstream.connect.Failures;
import io.upstream.session.Pace;
import io.upstream.session.Quiet;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One connection in the pipeline: moves bytes between the channel and the engine, watches the clock, and tells its members when it is
 * lost. Confined to the event loop.
 */
final class AmqpConnection extends ChannelInboundHandlerAdapter implements EngineEvents {
    /** For the peer's answer to our close, then the socket is closed all the same. */
    private static final long CLOSE_MILLIS = 2_000;

    /** So many members in a row that were not answered are not to blame themselves. */
    private static final int MOST_SILENCES = 3;

    private final Opening opening;
    private final Map<String, String> linkProperties;
    private final Where where;
    private final LongSupplier nanoTime;
    private final Pace pace;
    private final Quiet quiet;
    private final CompletableFuture<Void> opened = new CompletableFuture<>();
    private final SectionCache sections = new SectionCache();
    private final Members members = new Members();
    private int silences;
    private Life life = Life.OPENING;
    private Runnable retirement = () -> {};
    private @Nullable ChannelHandlerContext ctx;
    private @Nullable AmqpEngine engine;
    private @Nullable Outflow outflow;
    private @Nullable CbsClient cbs;
    private @Nullable Future<?> nextTick;
    private @Nullable UpstreamException lost;

    private enum Life {
        OPENING,
        OPEN,
        CLOSING,
        OVER
    }

    /**
     * Made for one channel.
     *
     * @param where names the hop; the stages name themselves
     * @param nanoTime the monotonic clock of everything on this connection
     * @param pace learns from its end
     */
    AmqpConnection(Opening opening, Map<String, String> linkProperties, Where where, LongSupplier nanoTime, Pace pace) {
        this.nanoTime = nanoTime;
        this.pace = pace;
        quiet = new Quiet(nanoTime.getAsLong());
        this.opening = opening;
        this.linkProperties = linkProperties;
        this.where = where;
    }

    /** Completes on the event loop when the peer has opened its half. */
    CompletionStage<Void> whenOpened() {
        return opened;
    }

    Where where(String stage) {
        return new Where(stage, where.hop());
    }

    Map<String, String> linkProperties() {
        return linkProperties;
    }

    LongSupplier clock() {
        return nanoTime;
    }

    AmqpEngine engine() {
        if (engine == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return engine;
    }

    /** Encoded properties that several messages of the members have in common. */
    SectionCache sections() {
        return sections;
    }

    /** How many members the peer lets it carry, beside the session of the token service. */
    int membersAtMost() {
        return Math.max(1, engine().sessionsAtMost() - 1);
    }

    EventLoop loop() {
        return (EventLoop) context().executor();
    }

    ByteBufAllocator allocator() {
        return context().alloc();
    }

    boolean isWritable() {
        return context().channel().isWritable();
    }

    boolean isOpen() {
        return life == Life.OPEN;
    }

    /** Why there is no more to be had of it. */
    UpstreamException lostCause() {
        return lost != null ? lost : ended(new ClosedChannelException());
    }

    /** How long the peer may take to give a sign of life. */
    Duration patience() {
        return pace.patience();
    }

    /** Has {@code task} run when the channel is closed. */
    void whenClosed(Runnable task) {
        context().channel().closeFuture().addListener(closed -> task.run());
    }

    /** Has {@code task} run as soon as the connection is of no use to newcomers, before any member learns that it is lost. */
    void onRetirement(Runnable task) {
        if (life == Life.OVER) {
            task.run();
        } else {
            retirement = task;
        }
    }

    /** The connection's token service, made anew if the peer has closed it. */
    CbsClient cbs() {
        if (cbs == null || cbs.isOver()) {
            cbs = new CbsClient(engine(), where("cbs"), linkProperties);
        }
        return cbs;
    }

    /** How many tokens its present token service has answered. */
    long tokenAnswers() {
        return cbs == null ? 0 : cbs.answers();
    }

    /** A member was let in: the peer is alive, and not just its keep-alive. */
    void answered() {
        silences = 0;
    }

    /** A member was not answered. The next one has new links to the token service; after several in a row all get another connection. */
    void unanswered(UpstreamException cause) {
        if (cbs != null) {
            cbs.end(cause);
        }
        if (++silences >= MOST_SILENCES) {
            lose(cause);
        }
    }

    /** Whether anything came after that time of {@link #clock}, for whomever. */
    boolean hasHeardSince(long time) {
        return quiet.lastRead() - time > 0;
    }

    /** A member asked for a sign of life in vain: if nothing else came either all get another connection, or he would come back onto this one. */
    void unheard(UpstreamException cause) {
        if (nanoTime.getAsLong() - quiet.lastRead() >= patience().toNanos()) {
            lose(cause);
        }
    }

    /** Who shares it. */
    Members members() {
        return members;
    }

    /** Writes what the engine has to say. To be called after calls of the engine that are not answers to an event. */
    void flush() {
        outflow().now();
    }

    /** As {@link #flush}, once for all who ask for it in this turn of the event loop. */
    void flushSoon() {
        outflow().soon();
    }

    private Outflow outflow() {
        if (outflow == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return outflow;
    }

    /** Says goodbye; the channel is closed within two seconds. */
    void close() {
        if (life != Life.OPEN) {
            context().close();
            return;
        }
        life = Life.CLOSING;
        engine().close();
        flush();
        Future<?> forced = loop().schedule(() -> context().close(), CLOSE_MILLIS, TimeUnit.MILLISECONDS);
        context().channel().closeFuture().addListener(closed -> forced.cancel(false));
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
        ctx = context;
        engine = new AmqpEngine(opening, this, nanoTime, context.alloc(), this::write);
        outflow = new Outflow(engine, context);
        engine.open();
        flush();
    }

    private void write(ByteBuf bytes) {
        quiet.spoke(nanoTime.getAsLong());
        context().write(bytes);
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext context) {
        engine().discard();
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        outflow().whileReading();
        quiet.heard(nanoTime.getAsLong());
        engine().feed((ByteBuf) message);
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
        outflow().afterReading();
        context.fireChannelReadComplete();
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        members.resume(this::isWritable);
        context.fireChannelWritabilityChanged();
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        lose(loop().isShuttingDown() ? Failures.runtimeClosed("amqp", null) : ended(new ClosedChannelException()));
        context.fireChannelInactive();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        lose(ended(cause));
    }

    private UpstreamException ended(Throwable cause) {
        return life == Life.OPENING ? Failures.translate(cause, where) : Failures.lost(cause, where);
    }

    @Override
    public void opened() {
        life = Life.OPEN;
        tick();
        opened.complete(null);
    }

    @Override
    public void closed(@Nullable PeerError error) {
        lose(Conditions.failure(error, where, "closed the connection", FailureKind.CLOSED_BY_PEER));
    }

    @Override
    public void failed(FailureKind kind, String what) {
        lose(UpstreamException.of(kind, where, where.hop() + " " + what));
    }

    private void tick() {
        long delay = engine().tick();
        flush(); // with an empty frame, if one is due
        if (delay != AmqpEngine.NOTHING_DUE && life != Life.OVER) {
            nextTick = loop().schedule(this::tick, delay, TimeUnit.NANOSECONDS);
        }
    }

    /** The first cause is the one that counts. */
    private void lose(UpstreamException cause) {
        if (life == Life.OVER) {
            return;
        }
        Life before = life;
        life = Life.OVER;
        lost = cause;
        if (before == Life.OPEN) {
            pace.ended(cause, quiet, nanoTime.getAsLong());
        }
        retirement.run();
        if (nextTick != null) {
            nextTick.cancel(false);
        }
        members.lost(cause);
        if (cbs != null) {
            cbs.end(cause);
        }
        if (before == Life.OPENING) {
            opened.completeExceptionally(cause); // the attempt closes the channel
        } else {
            flush();
            context().writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
        }
    }

    private ChannelHandlerContext context() {
        if (ctx == null) {
            throw new IllegalStateException("not in a pipeline yet");
        }
        return ctx;
    }
}
