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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The way of messages from any thread to the one event loop of a session, and of the hub's answers back. Bounded in messages and bytes,
 * counting what waits and what the hub has not answered yet; every message is answered by its deadline. {@link #submit} is for any thread,
 * everything else is confined to the event loop.
 *
 * <p>A message is one object, {@link Send}, that stands in one list after the other. Threads push on a stack; the event loop takes the whole
 * stack at once. Answers are collected and given to the application together, once per turn of the event loop.
 *
 * <pre>
 *   submit ─► handedOver ─► open: first … unwritten … last ─► answered ─► the application
 * </pre>
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
    private final Runnable takeOver = this::takeOver;
    private final Runnable tellAnswered = this::tellAnswered;

    /** A stack, the latest on top. Whoever puts the first one on it wakes the event loop. */
    private final AtomicReference<@Nullable Send> handedOver = new AtomicReference<>();

    private final AtomicInteger messages = new AtomicInteger();
    private final AtomicLong bytes = new AtomicLong();

    /** All that are unanswered, oldest first: all have the same timeout, so the first is the first to expire. */
    private @Nullable Send first;

    private @Nullable Send last;

    /** From here on nothing was written; null if all was. */
    private @Nullable Send unwritten;

    /** Answered ones whose futures are not completed yet, in the order of the answers. */
    private @Nullable Send answeredFirst;

    private @Nullable Send answeredLast;
    private int answeredMessages;
    private long answeredBytes;
    private @Nullable Future<?> alarm;
    private volatile @Nullable UpstreamException ended;

    /** Why nothing can be written at present, for the error of those that expire meanwhile. */
    private @Nullable UpstreamException interruption;

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
        push(send, send);
        return send;
    }

    /** As {@link #submit(Telemetry)} for each, with nothing in between. */
    public List<CompletionStage<Void>> submit(List<Telemetry> batch) {
        List<CompletionStage<Void>> outcomes = new ArrayList<>(batch.size());
        long deadline = nanoTime.getAsLong() + timeout.toNanos();
        Object call = new Object();
        Send oldest = null;
        Send latest = null;
        for (Telemetry telemetry : List.copyOf(batch)) {
            UpstreamException over = ended;
            if (over != null || !claim(telemetry.size())) {
                outcomes.add(CompletableFuture.failedFuture(over != null ? over : full()));
                continue;
            }
            Send send = new Send.OfSeveral(this, telemetry, deadline, call);
            send.next = latest;
            latest = send;
            oldest = oldest == null ? send : oldest;
            outcomes.add(send);
        }
        if (latest != null && oldest != null) {
            push(latest, oldest);
        }
        return outcomes;
    }

    /**
     * Any thread. Puts a chain on the stack, and wakes the event loop if it has heard of all that was there before.
     *
     * @param latest from which the chain leads to {@code oldest}
     */
    private void push(Send latest, Send oldest) {
        Send top;
        do {
            top = handedOver.get();
            oldest.next = top;
        } while (!handedOver.compareAndSet(top, latest));
        if (top == null) {
            try {
                loop.execute(takeOver);
            } catch (RejectedExecutionException e) {
                refuseHandedOver(UpstreamException.of(FailureKind.CLOSED, HERE, "the runtime is closed", e));
            }
        }
    }

    /** Any thread: the event loop is gone, and with it everything that is confined to it. */
    private void refuseHandedOver(UpstreamException cause) {
        for (Send send = takeHandedOver(); send != null; send = unchain(send)) {
            messages.decrementAndGet();
            bytes.addAndGet(-send.telemetry().size());
            send.refuse(cause);
            tell(send);
        }
    }

    /** The whole stack, turned over: the oldest first. */
    private @Nullable Send takeHandedOver() {
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

    private static @Nullable Send unchain(Send send) {
        Send after = send.next;
        send.next = null;
        return after;
    }

    /** The next message to write, in the order of the calls, or null. Whoever takes it answers it. */
    public @Nullable Send next() {
        Send send = peek();
        if (send != null) {
            take(send);
        }
        return send;
    }

    /** Takes what {@link #peek} gave. */
    public void take(Send send) {
        send.taken();
        unwritten = send.next;
    }

    /** The next message to write, which stays the next until it is taken or answered; or null. */
    public @Nullable Send peek() {
        for (Send send = unwritten; send != null; send = unwritten) {
            if (!send.isDone()) {
                return send;
            }
            send.fail(UpstreamException.of(FailureKind.CLOSED, HERE, "the send was cancelled"));
        }
        return null;
    }

    /** Whether nothing waits and nothing is unanswered. */
    public boolean isEmpty() {
        return size() == 0;
    }

    /** How many messages wait or are unanswered. */
    public int size() {
        return messages.get() - answeredMessages;
    }

    /** Nothing can be written for a while. */
    void interrupt(@Nullable UpstreamException cause) {
        interruption = cause;
    }

    /** The end of {@link #interrupt}. */
    void resume() {
        interruption = null;
    }

    /**
     * Has everything written again that was not answered, in the order of the calls. Nobody may answer any more what was taken before: it is
     * up to the next one who takes it.
     */
    void rewind() {
        unwritten = first;
    }

    /**
     * Fails all that are unanswered, and all later ones at once. Only the first call counts.
     *
     * @param written for those that were taken, on whatever connection, and that the hub may have
     * @param cause for the others
     */
    public void end(UpstreamException written, UpstreamException cause) {
        if (ended != null) {
            return;
        }
        ended = cause;
        for (Send send = first; send != null; ) {
            Send after = send.next;
            if (send.wasTaken()) {
                send.fail(written);
            }
            send = after;
        }
        takeOver();
    }

    /** Called once for each, by the one who answered. */
    void answered(Send send, int size) {
        leave(send);
        if (answeredLast == null) {
            answeredFirst = send;
            tellAfterThisTurn();
        } else {
            answeredLast.next = send;
        }
        answeredLast = send;
        answeredMessages++;
        answeredBytes += size;
    }

    private void leave(Send send) {
        Send before = send.previous;
        Send after = send.next;
        if (unwritten == send) {
            unwritten = after;
        }
        if (before == null) {
            first = after;
        } else {
            before.next = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.previous = before;
        }
        send.previous = null;
        send.next = null;
    }

    private void tellAfterThisTurn() {
        try {
            loop.execute(tellAnswered);
        } catch (RejectedExecutionException e) {
            // the loop is ending: end() is still to come, and tells at once
        }
    }

    /** Gives back the room first, so that whoever sends from a completed future finds it. */
    private void tellAnswered() {
        Send chain = answeredFirst;
        if (chain == null) {
            return;
        }
        messages.addAndGet(-answeredMessages);
        bytes.addAndGet(-answeredBytes);
        answeredMessages = 0;
        answeredBytes = 0;
        answeredFirst = null;
        answeredLast = null;
        Send untold = wakeWaiters(chain);
        if (untold != null) {
            callbacks.run(() -> tellAll(untold));
        }
    }

    /** Gives those of the chain, in its order, that no waiting thread completes. */
    private static @Nullable Send wakeWaiters(Send chain) {
        Send kept = null;
        Send last = null;
        for (Send send = chain; send != null; ) {
            Send after = unchain(send);
            if (!send.wakeWaiters()) {
                if (last == null) {
                    kept = send;
                } else {
                    last.next = send;
                }
                last = send;
            }
            send = after;
        }
        return kept;
    }

    /** Any thread: completes the future of one that is answered, where the application's code runs. */
    void tell(Send send) {
        callbacks.run(send::tell);
    }

    private static void tellAll(Send chain) {
        for (Send send = chain; send != null; ) {
            Send after = unchain(send);
            send.tell(); // what depends on it throws into its own future
            send = after;
        }
    }

    private void takeOver() {
        for (Send send = takeHandedOver(); send != null; ) {
            Send after = unchain(send);
            append(send);
            send = after;
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

    private void append(Send send) {
        send.previous = last;
        if (last == null) {
            first = send;
        } else {
            last.next = send;
        }
        last = send;
        if (unwritten == null) {
            unwritten = send;
        }
    }

    private void failOpen(UpstreamException cause) {
        for (Send send = first; send != null; send = first) {
            send.fail(cause);
        }
        tellAnswered();
    }

    private void setAlarm() {
        if (alarm == null && first != null) {
            long delay = first.deadlineNanos() - nanoTime.getAsLong();
            alarm = loop.schedule(this::expire, Math.max(0, delay), TimeUnit.NANOSECONDS);
        }
    }

    private void expire() {
        alarm = null;
        long now = nanoTime.getAsLong();
        for (Send send = first; send != null && send.deadlineNanos() - now <= 0; send = first) {
            send.fail(expired());
        }
        tellAnswered();
        setAlarm();
    }

    private UpstreamException expired() {
        UpstreamException why = interruption;
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                new Where("send", "hub"),
                "the hub did not acknowledge the message within " + Failures.seconds(timeout)
                        + (why == null ? "" : ", there is no connection (" + why.getMessage() + ")")
                        + "; it may have it all the same",
                why);
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
