// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.netty.channel.ChannelHandlerContext;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The one limit that holds at a time. Confined to the event loop. */
final class Alarm {
    private @Nullable Future<?> set;

    /** In place of the limit before. */
    void set(ChannelHandlerContext ctx, Duration limit, Runnable rings) {
        cancel();
        set = ctx.executor().schedule(rings, limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    void cancel() {
        Future<?> last = set;
        if (last != null) {
            last.cancel(false);
        }
    }
}
