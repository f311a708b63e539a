// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a connection that has fallen silent or whose token has ended. Confined to the event loop. */
final class Lifetime {
    /** The hub's longest patience, 29.45 minutes; also what keep alive 0 means. */
    static final Duration LONGEST_SILENCE = Duration.ofSeconds(1_767);

    private static final Logger LOG = LoggerFactory.getLogger(Lifetime.class);
    /** Far ends are looked at again, so that no delay overflows. */
    private static final Duration LONGEST_DELAY = Duration.ofDays(1);

    private final Clock clock;
    private final Instant end;
    private final long silenceNanos;
    private long lastPacketNanos;
    private @Nullable Future<?> silenceTimer;
    private @Nullable Future<?> endTimer;

    Lifetime(Clock clock, Instant end, int keepAliveSeconds) {
        this.clock = clock;
        this.end = end;
        Duration oneAndAHalf = Duration.ofMillis(keepAliveSeconds * 1_500L);
        boolean capped = keepAliveSeconds == 0 || oneAndAHalf.compareTo(LONGEST_SILENCE) > 0;
        this.silenceNanos = (capped ? LONGEST_SILENCE : oneAndAHalf).toNanos();
    }

    void start(ChannelHandlerContext ctx) {
        touch(ctx);
        watchSilence(ctx, silenceNanos);
        watchEnd(ctx);
    }

    /** A packet came or a message went. */
    void touch(ChannelHandlerContext ctx) {
        lastPacketNanos = ctx.executor().ticker().nanoTime();
    }

    private void watchSilence(ChannelHandlerContext ctx, long nanos) {
        silenceTimer = ctx.executor()
                .schedule(
                        () -> {
                            long silent = ctx.executor().ticker().nanoTime() - lastPacketNanos;
                            if (silent >= silenceNanos) {
                                LOG.debug("{} was silent for one and a half keep alive", ctx.channel());
                                ctx.close();
                            } else {
                                watchSilence(ctx, silenceNanos - silent);
                            }
                        },
                        nanos,
                        TimeUnit.NANOSECONDS);
    }

    private void watchEnd(ChannelHandlerContext ctx) {
        Duration left = Duration.between(clock.instant(), end);
        if (left.isNegative() || left.isZero()) {
            LOG.debug("{} has outlived its token", ctx.channel());
            ctx.close();
            return;
        }
        Duration delay = left.compareTo(LONGEST_DELAY) > 0 ? LONGEST_DELAY : left;
        endTimer = ctx.executor().schedule(() -> watchEnd(ctx), delay.toNanos(), TimeUnit.NANOSECONDS);
    }

    void stop() {
        if (silenceTimer != null) {
            silenceTimer.cancel(false);
        }
        if (endTimer != null) {
            endTimer.cancel(false);
        }
    }
}
