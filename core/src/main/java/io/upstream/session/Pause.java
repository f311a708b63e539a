// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/** A wait that is over when its event loop is, too: whoever waits on a loop that is shut down would else wait for ever. */
public final class Pause {
    private final Future<?> timer;

    private Pause(Future<?> timer) {
        this.timer = timer;
    }

    /**
     * Begins one; to be called on the event loop.
     *
     * @param loopEnds runs if the event loop is shut down meanwhile, even after {@link #cancel}
     * @throws RejectedExecutionException if it is shut down already
     */
    public static Pause of(Duration time, EventLoop loop, Runnable over, Runnable loopEnds) {
        Future<?> timer = loop.schedule(over, time.toNanos(), TimeUnit.NANOSECONDS);
        timer.addListener(done -> {
            if (done.isCancelled() && loop.isShuttingDown()) {
                loopEnds.run();
            }
        });
        return new Pause(timer);
    }

    /** No effect once it is over. */
    public void cancel() {
        timer.cancel(false);
    }
}
