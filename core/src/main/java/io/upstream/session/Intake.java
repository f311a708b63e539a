// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where threads hand messages over to the event loop, within the outbox's bounds. Threads push on a stack; the event loop takes the whole
 * stack at once. Thread-safe.
 */
final class Intake {
    private static final Where HERE = Where.here("send");

    private final EventLoop loop;
    private final Runnable takeOver;
    private final int maxMessages;
    private final long maxBytes;

    /** A stack, the latest on top. Whoever puts the first one on it wakes the event loop. */
    private final AtomicReference<@Nullable Send> handedOver = new AtomicReference<>();

    private final AtomicInteger messages = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    /** @param takeOver runs on {@code loop} when there is something to {@link #take} */
    Intake(EventLoop loop, Runnable takeOver, int maxMessages, long maxBytes) {
        this.loop = loop;
        this.takeOver = takeOver;
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
    }

    /** Takes room for a message of so many bytes, unless a bound is reached. One message is taken however large it is. */
    boolean claim(int size) {
        if (messages.incrementAndGet() > maxMessages) {
            messages.decrementAndGet();
            return false;
        }
        long before = bytes.getAndAdd(size);
        if (before > 0 && before + size > maxBytes) {
            bytes.addAndGet(-size);
            messages.decrementAndGet();
            return false;
        }
        return true;
    }

    /** Gives room back. */
    void free(int count, long size) {
        messages.addAndGet(-count);
        bytes.addAndGet(-size);
    }

    /** How many have room. */
    int messages() {
        return messages.get();
    }

    UpstreamException full() {
        return UpstreamException.of(
                FailureKind.OUTBOX_FULL,
                HERE,
                "the outbox is full (" + maxMessages + " messages or " + maxBytes
                        + " bytes are under way): wait for earlier sends, or raise UpstreamOptions.outbox");
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
