// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.watch.Outcome;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * One message on its way, from the call to the hub's answer, and at the same time the future that the application holds: it is all that a
 * message costs. Answered once, on the event loop; later answers have no effect, so that a late acknowledgement of an expired message is
 * harmless. Once answered it keeps neither the message nor its neighbours, however long the application keeps it.
 *
 * <p>It is completed on the executor of the application's callbacks, since whoever completes a future runs what depends on it, and that must
 * never be the event loop. A thread that blocks in {@link #get()} or {@link #join()} depends on nobody else's thread, though: the event loop
 * wakes it, and it completes the future itself.
 */
public sealed class Send extends CompletableFuture<Void> permits Send.OfSeveral {
    private final Outbox outbox;
    private final long deadlineNanos;
    private @Nullable Telemetry telemetry;
    private boolean answered;

    /** Whether it was given to a connection, once at least. */
    private boolean taken;

    /** Whether it was given to the present one. */
    private boolean inFlight;

    private @Nullable UpstreamException cause;

    /** Set on the event loop once the application may see the answer; what it is was written before. */
    private volatile boolean published;

    private volatile @Nullable Waiters waiters;

    /** The neighbours in the one list of {@link Outbox} that it stands in; each takes and clears them itself. */
    @Nullable
    Send next;

    @Nullable
    Send previous;

    Send(Outbox outbox, Telemetry telemetry, long deadlineNanos) {
        this.outbox = outbox;
        this.telemetry = telemetry;
        this.deadlineNanos = deadlineNanos;
    }

    /** One that was handed over together with others. */
    static final class OfSeveral extends Send {
        private final Object call;

        OfSeveral(Outbox outbox, Telemetry telemetry, long deadlineNanos, Object call) {
            super(outbox, telemetry, deadlineNanos);
            this.call = call;
        }

        @Override
        public Object call() {
            return call;
        }
    }

    /** The same for all messages that were handed over in one call, which may share a frame; null for one that was alone. */
    public @Nullable Object call() {
        return null;
    }

    /**
     * What is to be sent.
     *
     * @throws IllegalStateException once it is answered
     */
    public Telemetry telemetry() {
        if (telemetry == null) {
            throw new IllegalStateException("the message has been answered");
        }
        return telemetry;
    }

    /** The hub has it. */
    public void succeed() {
        answer(null, Outcome.ACKNOWLEDGED);
    }

    /** The hub does not have it, or nobody knows. */
    public void fail(UpstreamException reason) {
        answer(reason, reason.kind() == FailureKind.CLOSED ? Outcome.CANCELLED : Outcome.FAILED);
    }

    /** Nobody has answered by its deadline. */
    void expire(UpstreamException reason) {
        answer(reason, Outcome.EXPIRED);
    }

    /** It is given to a connection. */
    void taken() {
        taken = true;
        inFlight = true;
    }

    /** That connection is over, and the message is to be written again. */
    void rewound() {
        inFlight = false;
    }

    boolean isInFlight() {
        return inFlight;
    }

    boolean wasTaken() {
        return taken;
    }

    /** Leaves a chain, and gives the next one in it. */
    @Nullable
    Send unchain() {
        Send after = next;
        next = null;
        return after;
    }

    boolean isAnswered() {
        return answered;
    }

    long deadlineNanos() {
        return deadlineNanos;
    }

    /**
     * Lets waiting threads see the answer; on the event loop, where it runs no code of the application.
     *
     * @return whether a waiting thread completes the future; if not, the caller has to see to it that {@link #tell} is called
     */
    boolean wakeWaiters() {
        published = true;
        Waiters present = waiters;
        if (present == null || present.count.get() == 0 || hasDependents()) {
            return false;
        }
        present.woken.complete(null);
        return true;
    }

    /** Others than what {@link #enter} attached. */
    private boolean hasDependents() {
        return getNumberOfDependents() > 1;
    }

    /** Completes the future; runs what depends on it. */
    void tell() {
        if (cause == null) {
            complete(null);
        } else {
            completeExceptionally(cause);
        }
    }

    /** For a future that no event loop will answer any more. */
    void refuse(UpstreamException reason) {
        answered = true;
        telemetry = null;
        cause = reason;
    }

    @Override
    public Void get() throws InterruptedException, ExecutionException {
        if (!isDone()) {
            Waiters entered = enter();
            try {
                entered.woken.get();
            } finally {
                leave(entered);
            }
        }
        return super.get();
    }

    @Override
    public Void get(long timeout, TimeUnit unit) throws InterruptedException, ExecutionException, TimeoutException {
        long start = System.nanoTime();
        long nanos = unit.toNanos(timeout);
        if (!isDone()) {
            Waiters entered = enter();
            try {
                entered.woken.get(nanos, TimeUnit.NANOSECONDS);
            } finally {
                leave(entered);
            }
        }
        return super.get(nanos - (System.nanoTime() - start), TimeUnit.NANOSECONDS);
    }

    @Override
    public Void join() {
        if (!isDone()) {
            Waiters entered = enter();
            try {
                entered.woken.join();
            } finally {
                leave(entered);
            }
        }
        return super.join();
    }

    /** Before a thread waits. Nobody else sees {@code woken}, so to complete it wakes threads and does nothing else. */
    private Waiters enter() {
        Waiters entered = waitersOrNew();
        entered.count.incrementAndGet();
        if (published) {
            entered.woken.complete(null);
        }
        return entered;
    }

    private synchronized Waiters waitersOrNew() {
        Waiters present = waiters;
        if (present == null) {
            present = new Waiters(handle((nothing, error) -> null));
            waiters = present;
        }
        return present;
    }

    /** After a thread has waited, with or without success: the event loop may have left the future to it. */
    private void leave(Waiters entered) {
        entered.count.decrementAndGet();
        if (published && !isDone()) {
            if (hasDependents()) {
                outbox.tell(this);
            } else {
                tell();
            }
        }
    }

    /**
     * Threads that block for this answer.
     *
     * @param woken is done when the future is, or before, when the event loop publishes the answer
     * @param count of threads that wait. Raised before they look for {@link #published} and lowered before they look again, and the event loop
     *     does it the other way round: either it finds a thread here, or that thread finds the answer
     */
    private record Waiters(CompletableFuture<Void> woken, AtomicInteger count) {
        private Waiters(CompletableFuture<Void> woken) {
            this(woken, new AtomicInteger());
        }
    }

    private void answer(@Nullable UpstreamException reason, Outcome outcome) {
        if (telemetry == null || answered) {
            return;
        }
        boolean takenBack = reason != null && isDone(); // by the application: nobody else has completed it
        answered = true;
        cause = reason;
        int size = telemetry.size();
        telemetry = null;
        outbox.answered(this, size, takenBack ? Outcome.CANCELLED : outcome);
    }
}
