// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.EventLoop;
import io.upstream.amqp.engine.AmqpEngine;
import java.util.concurrent.RejectedExecutionException;

/** When what the engine has to say is written: at once, or once for all who ask for it in a turn of the event loop. Confined to that. */
final class Outflow {
    private final AmqpEngine engine;
    private final ChannelHandlerContext context;
    private final EventLoop loop;
    private final Runnable flush = this::flushDue;
    private Due due = Due.NOTHING;

    private enum Due {
        NOTHING,
        /** At the end of this turn of the event loop. */
        SOON,
        /** What has come is being read, and all is flushed after it. */
        AFTER_READING
    }

    Outflow(AmqpEngine engine, ChannelHandlerContext context) {
        this.engine = engine;
        this.context = context;
        loop = (EventLoop) context.executor();
    }

    /** Writes all that there is. */
    void now() {
        engine.flush();
        context.flush();
    }

    /** As {@link #now}, once for all who ask for it in this turn of the event loop. */
    void soon() {
        if (due == Due.NOTHING) {
            due = Due.SOON;
            try {
                loop.execute(flush);
            } catch (RejectedExecutionException e) {
                flushDue(); // the runtime is closing, and this is the last turn
            }
        }
    }

    private void flushDue() {
        if (due == Due.SOON) {
            due = Due.NOTHING;
        }
        now();
    }

    /** {@link #afterReading} will come. */
    void whileReading() {
        due = Due.AFTER_READING;
    }

    void afterReading() {
        due = Due.NOTHING;
        now();
    }
}
