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
import io.upstream.watch.Ledger;
import io.upstream.watch.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of messages from any thread to the one event loop of a session, and of the hub's answers back. Bounded in messages and bytes,
 * counting what waits and what the hub has not answered yet; every message is answered by its deadline. {@link #submit} is for any thread,
 * everything else is confined to the event loop.
 *
 * <p>A message is one object, {@link Send}, that stands in one list after the other.
 *
 * <pre>
 *   submit ─► {@link Intake} ─► open: first … unwritten … last ─► {@link Answers} ─► the application
 * </pre>
 */
public final class Outbox {
    private static final Where HERE = Where.here("send");

    /** From one look for what waits without a reason to the next. */
    private static final long LOOK_EVERY_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final Logger log = LoggerFactory.getLogger(Outbox.class);

    private final EventLoop loop;
    private final Runnable wake;
    private final LongSupplier nanoTime;
    private final Duration timeout;
    private final Room room;
    private final Ledger ledger;
    private final Intake intake;
    private final Answers answers;

    /** All that are unanswered, oldest first: all have the same timeout, so the first is the first to expire. */
    private @Nullable Send first;

    private @Nullable Send last;

    /** From here on nothing was written; null if all was. */
    private @Nullable Send unwritten;

    /** How many of them are written and not to be written again. */
    private long inFlight;

    /** What was {@link #unwritten} at the last look. */
    private @Nullable Send waited;

    private @Nullable Future<?> alarm;
    private volatile @Nullable UpstreamException ended;

    /** Why nothing can be written at present, for the error of those that expire meanwhile. */
    private @Nullable UpstreamException interruption;

    /**
     * Starts empty.
     *
     * @param everybody the bound of all outboxes together
     * @param wake runs on {@code loop} when there is something to write
     * @param nanoTime a monotonic clock
     * @param ledger keeps the books
     */
    public Outbox(
            EventLoop loop,
            Callbacks callbacks,
            UpstreamOptions options,
            SharedRoom everybody,
            Runnable wake,
            LongSupplier nanoTime,
            Ledger ledger) {
        this.loop = loop;
        this.wake = wake;
        this.nanoTime = nanoTime;
        this.timeout = options.operationTimeout();
        this.ledger = ledger;
        room = new Room(options.outboxMessages(), options.outboxBytes(), everybody, callbacks, ledger);
        intake = new Intake(loop, this::takeOver);
        answers = new Answers(loop, callbacks, room, ledger, timeout, nanoTime);
    }

    /** As above, with books of its own. */
    public Outbox(
            EventLoop loop,
            Callbacks callbacks,
            UpstreamOptions options,
            SharedRoom everybody,
            Runnable wake,
            LongSupplier nanoTime) {
        this(loop, callbacks, options, everybody, wake, nanoTime, new Ledger());
    }

    /** Takes a message in, or fails it at once when a bound is reached or the session has ended. */
    public CompletionStage<Void> submit(Telemetry telemetry) {
        UpstreamException over = ended;
        if (over != null) {
            return CompletableFuture.failedFuture(over);
        }
        if (!room.claim(telemetry.size())) {
            return CompletableFuture.failedFuture(refusal());
        }
        Send send = new Send(this, telemetry, nanoTime.getAsLong() + timeout.toNanos());
        push(send, send);
        return send;
    }

    /** As {@link io.upstream.UpstreamSession#permit}. */
    public CompletionStage<Void> permit() {
        CompletableFuture<Void> permit = room.await();
        UpstreamException over = ended;
        if (over != null) {
            permit.completeExceptionally(over); // whoever ended it may have looked before
        }
        return permit;
    }

    /** As {@link #submit(Telemetry)} for each, with nothing in between. */
    public List<CompletionStage<Void>> submit(List<Telemetry> batch) {
        List<CompletionStage<Void>> outcomes = new ArrayList<>(batch.size());
        long deadline = nanoTime.getAsLong() + timeout.toNanos();
        Object call = new Object();
        Send oldest = null;
        Send latest = null;
        for (Telemetry telemetry : List.copyOf(batch)) {
            if (ended != null || !room.claim(telemetry.size())) {
                outcomes.add(CompletableFuture.failedFuture(refusal()));
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

    private UpstreamException refusal() {
        UpstreamException over = ended;
        if (over != null) {
            return over;
        }
        ledger.rejected();
        return room.full();
    }

    /** Any thread. */
    private void push(Send latest, Send oldest) {
        UpstreamException nobody = intake.push(latest, oldest);
        if (nobody != null) {
            refuseHandedOver(nobody);
        }
    }

    /** Any thread: the event loop is gone, and with it everything that is confined to it. */
    private void refuseHandedOver(UpstreamException cause) {
        for (Send send = intake.take(); send != null; ) {
            Send after = send.unchain();
            room.strand(1, send.telemetry().size());
            send.refuse(cause);
            tell(send);
            send = after;
        }
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
        ledger.inFlight(++inFlight);
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
        return room.messages() - answers.messages();
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
        for (Send send = first; send != unwritten && send != null; send = send.next) {
            send.rewound();
        }
        unwritten = first;
        inFlight = 0;
        ledger.inFlight(0);
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
        ledger.close();
        room.end(cause);
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
    void answered(Send send, int size, Outcome outcome) {
        leave(send);
        if (send.isInFlight()) {
            ledger.inFlight(--inFlight);
        }
        answers.add(send, size, outcome);
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

    /** Any thread: completes the future of one that is answered, where the application's code runs. */
    void tell(Send send) {
        answers.tell(send);
    }

    private void takeOver() {
        for (Send send = intake.take(); send != null; ) {
            Send after = send.unchain();
            append(send);
            send = after;
        }
        UpstreamException over = ended;
        if (over != null) {
            failOpen(over);
            waited = null;
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
        answers.tell();
    }

    private void setAlarm() {
        if (alarm == null && first != null) {
            long delay = Math.min(first.deadlineNanos() - nanoTime.getAsLong(), LOOK_EVERY_NANOS);
            alarm = loop.schedule(this::look, Math.max(0, delay), TimeUnit.NANOSECONDS);
        }
    }

    private void look() {
        alarm = null;
        expire();
        setAlarm(); // first, for nobody knows what else whoever is woken does
        goOn();
    }

    /** What is written when it is tried was waiting for a wake-up that is lost, which is not to happen; what has to wait is not written. */
    private void goOn() {
        Send waiting = peek();
        if (waiting != null && waiting == waited) {
            wake.run();
            if (unwritten != waiting && ended == null) {
                ledger.stalled();
                log.warn("messages waited that could be written, and are now: please report this");
            }
        }
        waited = unwritten;
    }

    private void expire() {
        long now = nanoTime.getAsLong();
        for (Send send = first; send != null && send.deadlineNanos() - now <= 0; send = first) {
            send.expire(expired(send));
        }
        answers.tell();
    }

    private UpstreamException expired(Send send) {
        UpstreamException why = interruption;
        return UpstreamException.of(
                FailureKind.TIMEOUT,
                new Where("send", "hub"),
                "the hub did not acknowledge the message within " + Failures.seconds(timeout)
                        + (why == null ? "" : ", there is no connection (" + why.getMessage() + ")")
                        + (send.wasTaken() ? "; it may have it all the same" : "; it was not sent"),
                why);
    }
}
