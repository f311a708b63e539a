// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where threads hand messages over to the event loop. Threads push on a stack; the event loop takes the whole
 * stack at once. Thread-safe.
 */
final class Intake {
    private static final Where HERE = Where.here("send");

    private final EventLoop loop;
    private final Runnable takeOver;

    /** A stack, the latest on top. Whoever puts the first one on it wakes the event loop. */
    private final AtomicReference<@Nullable Send> handedOver = new AtomicReference<>();

    /** @param takeOver runs on {@code loop} when there is something to {@link #take} */
    Intake(EventLoop loop, Runnable takeOver) {
        this.loop = loop;
        this.takeOver = takeOver;
    }

    /**
     * Puts a chain on the stack, and wakes the event loop if it has heard of all that was there before.
     *
     * @param latest from which the chain leads to {@code oldest}
     * @return null, or why nobody will take it: the event loop is gone
     */
    @Nullable
    UpstreamException push(Send latest, Send oldest) {
        Send top;
        do {
            top = handedOver.get();
            oldest.next = top;
        } while (!handedOver.compareAndSet(top, latest));
        if (top == null) {
            try {
                loop.execute(takeOver);
            } catch (RejectedExecutionException e) {
                return UpstreamException.of(FailureKind.CLOSED, HERE, "the runtime is closed", e);
            }
        }
        return null;
    }

    /** The whole stack, turned over: the oldest first. */
    @Nullable
    Send take() {
        Send oldest = null;
        Send send = handedOver.getAndSet(null);
        while (send != null) {
            Send older = send.next;
            send.next = oldest;
            oldest = send;
            send = older;
        }
        return oldest;
    }
}
