// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.connect.Failures;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of messages from any thread to the one event loop of a session. Bounded in messages and bytes, counting what waits and what the
 * hub has not answered yet; every message is answered by its deadline. {@link #submit} is for any thread, everything else is confined to
 * the event loop.
 */
public final class Outbox {
    private static final Where HERE = Where.here("send");

    private final EventLoop loop;
    private final Callbacks callbacks;
    private final Runnable wake;
    private final LongSupplier nanoTime;
    private final int maxMessages;
    private final long maxBytes;
    private final Duration timeout;

    private final Queue<Send> handedOver = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean wakeScheduled = new AtomicBoolean();
    private final AtomicInteger messages = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    /** All that are unanswered, oldest first: all have the same timeout, so the head is the first to expire. */
    private final ArrayDeque<Send> open = new ArrayDeque<>();

    private final ArrayDeque<Send> unwritten = new ArrayDeque<>();
    private @Nullable Future<?> alarm;
    private volatile @Nullable UpstreamException ended;

    /**
     * Starts empty.
     *
     * @param wake runs on {@code loop} when there is something to write
     * @param nanoTime a monotonic clock
     */
    public Outbox(EventLoop loop, Callbacks callbacks, UpstreamOptions options, Runnable wake, LongSupplier nanoTime) {
        this.loop = loop;
        this.callbacks = callbacks;
        this.wake = wake;
        this.nanoTime = nanoTime;
        this.maxMessages = options.outboxMessages();
        this.maxBytes = options.outboxBytes();
        this.timeout = options.operationTimeout();
    }

    /** Takes a message in, or fails it at once when a bound is reached or the session has ended. */
    public CompletionStage<Void> submit(Telemetry telemetry) {
        UpstreamException over = ended;
        if (over != null) {
            return CompletableFuture.failedFuture(over);
        }
        if (!claim(telemetry.size())) {
            return CompletableFuture.failedFuture(full());
        }
        Send send = new Send(this, telemetry, nanoTime.getAsLong() + timeout.toNanos());
        handedOver.add(send);
        if (wakeScheduled.compareAndSet(false, true)) {
            try {
                loop.execute(this::takeOver);
            } catch (RejectedExecutionException e) {
                wakeScheduled.set(false); // first, so that whoever adds from now on comes here himself
                refuseHandedOver(UpstreamException.of(FailureKind.CLOSED, HERE, "the runtime is closed", e));
            }
        }
        return send.outcome();
    }

    /** Any thread: the event loop is gone, and with it everything that is confined to it. */
    private void refuseHandedOver(UpstreamException cause) {
        for (Send send = handedOver.poll(); send != null; send = handedOver.poll()) {
            messages.decrementAndGet();
            bytes.addAndGet(-send.telemetry().size());
            tell(send, cause);
        }
    }

    /** The next message to write, in the order of the calls, or null. Whoever takes it answers it. */
    public @Nullable Send next() {
        Send send = unwritten.poll();
        while (send != null && (send.isAnswered() || send.isCancelled())) {
            send.fail(UpstreamException.of(FailureKind.CLOSED, HERE, "the send was cancelled"));
            send = unwritten.poll();
        }
        return send;
    }

    /** Puts back what {@link #next} gave and could not be written: it is the next one again. */
    public void putBack(Send send) {
        unwritten.addFirst(send);
    }

    /** Whether nothing waits and nothing is unanswered. */
    public boolean isEmpty() {
        return messages.get() == 0;
    }

    /** How many messages wait or are unanswered; any thread. */
    public int size() {
        return messages.get();
    }

    /** Fails all that are unanswered, and all later ones at once. Only the first call counts. */
    public void end(UpstreamException cause) {
        if (ended != null) {
            return;
        }
        ended = cause;
        takeOver();
    }

    void release(Send send) {
        messages.decrementAndGet();
        bytes.addAndGet(-send.telemetry().size());
        while (!open.isEmpty() && open.peek().isAnswered()) {
            open.poll();
        }
    }

    void tell(Send send, @Nullable UpstreamException cause) {
        callbacks.run(() -> {
            if (cause == null) {
                send.outcome().complete(null);
            } else {
                send.outcome().completeExceptionally(cause);
            }
        });
    }

    private void takeOver() {
        wakeScheduled.set(false);
        for (Send send = handedOver.poll(); send != null; send = handedOver.poll()) {
            open.add(send);
            unwritten.add(send);
        }
        UpstreamException over = ended;
        if (over != null) {
            failOpen(over);
            if (alarm != null) {
                alarm.cancel(false); // or the loop would keep the whole session for the rest of the timeout
            }
            return;
        }
        setAlarm();
        wake.run();
    }

    private void failOpen(UpstreamException cause) {
        for (Send send = open.poll(); send != null; send = open.poll()) {
            send.fail(cause);
        }
        unwritten.clear();
    }

    private void setAlarm() {
        if (alarm == null && !open.isEmpty()) {
            long delay = open.getFirst().deadlineNanos() - nanoTime.getAsLong();
            alarm = loop.schedule(this::expire, Math.max(0, delay), TimeUnit.NANOSECONDS);
        }
    }

    private void expire() {
        alarm = null;
        long now = nanoTime.getAsLong();
        while (!open.isEmpty() && open.getFirst().deadlineNanos() - now <= 0) {
            Send late = open.poll();
            late.fail(UpstreamException.of(
                    FailureKind.TIMEOUT,
                    new Where("send", "hub"),
                    "the hub did not acknowledge the message within " + Failures.seconds(timeout)
                            + "; it may have it all the same"));
        }
        while (!unwritten.isEmpty() && unwritten.getFirst().isAnswered()) {
            unwritten.poll(); // a peer that takes nothing would else make this queue grow without bound
        }
        setAlarm();
    }

    private boolean claim(int size) {
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

    private UpstreamException full() {
        return UpstreamException.of(
                FailureKind.OUTBOX_FULL,
                HERE,
                "the outbox is full (" + maxMessages + " messages or " + maxBytes
                        + " bytes are under way): wait for earlier sends, or raise UpstreamOptions.outbox");
    }
}
