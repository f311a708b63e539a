// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The first handler while an attempt runs: it keeps the {@link StageLimit} of the layer that is being established, and sees what is said and
 * heard on the wire, whatever lies above. A layer that waits for something here and not for its peer, such as credentials, pauses it.
 * Confined to the event loop.
 */
public final class StageWatch extends ChannelDuplexHandler {
    private enum Phase {
        OFF,
        RUNNING,
        PAUSED
    }

    private final EventLoop loop;
    private final Consumer<Throwable> failure;
    private Phase phase = Phase.OFF;
    private StageLimit limit = StageLimit.OTHERWISE;
    private Duration first = StageLimit.OTHERWISE.time();
    private Where where = Where.here("open");
    private @Nullable Future<?> alarm;

    private StageWatch(EventLoop loop, Consumer<Throwable> failure) {
        this.loop = loop;
        this.failure = failure;
    }

    /** Begins to watch a pipeline; told to {@code failure} is what {@link StageLimit#exceeded} makes. */
    static StageWatch enter(Channel channel, Consumer<Throwable> failure) {
        StageWatch watch = new StageWatch(channel.eventLoop(), failure);
        channel.pipeline().addFirst(PipelineNames.WATCH, watch);
        return watch;
    }

    /** Ends the limit of the layer before, and leaves. */
    void leave(ChannelPipeline pipeline) {
        stop();
        if (pipeline.context(PipelineNames.WATCH) != null) {
            pipeline.remove(PipelineNames.WATCH);
        }
    }

    /**
     * The next layer is about to be established.
     *
     * @param first how long its peer may take to begin with an answer, if silence counts
     */
    void begin(StageLimit limit, Duration first, Where where) {
        this.limit = limit;
        this.first = countsSilence(limit) ? first : limit.time();
        this.where = where;
        phase = Phase.RUNNING;
        setAlarm(this.first);
    }

    /** No layer is waited for. */
    void stop() {
        phase = Phase.OFF;
        cancelAlarm();
    }

    /**
     * Stops the limit of the layer that is being established over {@code channel}, which has something to find out here before it can go on;
     * for how long is up to the layer. Without effect outside an attempt.
     */
    public static void pause(Channel channel) {
        StageWatch watch = of(channel);
        if (watch != null && watch.phase == Phase.RUNNING) {
            watch.phase = Phase.PAUSED;
            watch.cancelAlarm();
        }
    }

    /** Ends a pause, with the whole limit before the layer again. What is written next does the same where silence counts. */
    public static void resume(Channel channel) {
        StageWatch watch = of(channel);
        if (watch != null && watch.phase == Phase.PAUSED) {
            watch.phase = Phase.RUNNING;
            watch.setAlarm(watch.first);
        }
    }

    private static @Nullable StageWatch of(Channel channel) {
        return channel.pipeline().get(PipelineNames.WATCH) instanceof StageWatch watch ? watch : null;
    }

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (phase == Phase.RUNNING && countsSilence(limit)) {
            setAlarm(limit.time());
        }
        ctx.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (phase != Phase.OFF && countsSilence(limit)) {
            phase = Phase.RUNNING;
            setAlarm(first);
        }
        ctx.write(message, promise);
    }

    private static boolean countsSilence(StageLimit limit) {
        return limit.counted() == StageLimit.Counted.FROM_THE_LAST_BYTE;
    }

    private void setAlarm(Duration time) {
        cancelAlarm();
        alarm = loop.schedule(
                () -> failure.accept(StageLimit.exceeded(where, time)), time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void cancelAlarm() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }
}
