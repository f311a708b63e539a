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
 * heard on the wire, whatever lies above. While the {@link PeerClock} stands, because something here is waited for, nobody is late; what is
 * written then has the whole limit before it again. Confined to the event loop.
 */
final class StageWatch extends ChannelDuplexHandler {
    private enum Phase {
        OFF,
        RUNNING
    }

    private final EventLoop loop;
    private final PeerClock clock;
    private final Consumer<Throwable> failure;
    private Phase phase = Phase.OFF;
    private StageLimit limit = StageLimit.OTHERWISE;
    private Duration first = StageLimit.OTHERWISE.time();
    private Where where = Where.here("open");
    private @Nullable Future<?> alarm;

    private StageWatch(EventLoop loop, PeerClock clock, Consumer<Throwable> failure) {
        this.loop = loop;
        this.clock = clock;
        this.failure = failure;
    }

    /** Begins to watch a pipeline; told to {@code failure} is what {@link StageLimit#exceeded} makes. */
    static StageWatch enter(Channel channel, PeerClock clock, Consumer<Throwable> failure) {
        StageWatch watch = new StageWatch(channel.eventLoop(), clock, failure);
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

    @Override
    public void channelRead(ChannelHandlerContext ctx, Object message) {
        if (phase == Phase.RUNNING && countsSilence(limit)) {
            setAlarm(limit.time());
        }
        ctx.fireChannelRead(message);
    }

    @Override
    public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
        if (phase == Phase.RUNNING && countsSilence(limit)) {
            setAlarm(first);
        }
        ctx.write(message, promise);
    }

    private static boolean countsSilence(StageLimit limit) {
        return limit.counted() == StageLimit.Counted.FROM_THE_LAST_BYTE;
    }

    private void setAlarm(Duration time) {
        cancelAlarm();
        alarm = loop.schedule(() -> ring(time), time.toNanos(), TimeUnit.NANOSECONDS);
    }

    private void ring(Duration time) {
        if (clock.awaited() == null) {
            failure.accept(StageLimit.exceeded(where, time));
        } else {
            setAlarm(time);
        }
    }

    private void cancelAlarm() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }
}
