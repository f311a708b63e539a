// SPDX-License-Identifier: Apache-2.0
package io.upstream.watch;

import io.upstream.SessionStatistics.Outgoing;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * The books of one session's messages. Threads book them in, the event loop notes what becomes of them and posts it once per turn; whoever
 * reads finds the state of one instant, at which what was taken in is what was answered and what is pending. The outbox's bound goes by
 * these books, so they cannot drift from what is really there.
 *
 * <p>{@link #accept} costs one atomic operation and takes the place of the count that the bound would need anyway. What is posted has one
 * writer: a version before and after tells readers to read again, so that neither side ever waits for the other.
 *
 * <p>Senders and the event loop write to cache lines of their own, or each would wait for the other's at every message.
 */
public final class Ledger {
    /** The sign of what was accepted: nothing is booked in any more. */
    private static final long CLOSED = Long.MIN_VALUE;

    /** A pair of cache lines, which processors fetch together, in longs. */
    private static final int APART = 16;

    /** Written by senders; the last two seldom. */
    private static final int ACCEPTED = APART;

    private static final int ACCEPTED_BYTES = APART + 1;
    private static final int REJECTED = APART + 2;

    /** Those that no event loop will ever see. */
    private static final int STRANDED = APART + 3;

    /** Written by the event loop when it posts, and read by senders: from here on what was {@link #noted}. */
    private static final int POSTED = 2 * APART;

    private static final int VERSION = 0;
    private static final int ANSWERED = 1;
    private static final int ANSWERED_BYTES = 2;
    private static final int ACKNOWLEDGED_BYTES = 3;
    private static final int NANOS = 4;

    /** Those, and the {@link Outcome}s behind them. */
    private static final int SLOTS = 9;

    /** Written by the event loop at every message, read by nobody but readers of statistics. */
    private static final int IN_FLIGHT = 3 * APART;

    /** Likewise, hardly ever. */
    private static final int STALLS = IN_FLIGHT + 1;

    /** Then a reader takes what it has, of which each number is right, and the sum, but perhaps of two instants. */
    private static final int MOST_READINGS = 1_000;

    /** Longer than a hub takes when all is well. */
    static final long SLOW_NANOS = 1_000_000_000L;

    private final SlowListener slow;
    private final AtomicLongArray cells = new AtomicLongArray(4 * APART);

    /** Noted on the event loop and not posted yet. */
    private final long[] noted = new long[SLOTS];

    /** Is told on the event loop of acknowledgements that took longer than {@link #SLOW_NANOS}. */
    @FunctionalInterface
    interface SlowListener {
        void acknowledged(int size, long nanos);
    }

    /** Empty books. */
    public Ledger() {
        this((size, nanos) -> {});
    }

    Ledger(SlowListener slow) {
        this.slow = slow;
    }

    /**
     * Any thread: books one message in, unless a bound is reached or the books are {@link #close closed}. One message is taken however large
     * it is. The bytes come first, because they can be given back: what is booked in as a message stays so until it is answered.
     *
     * @param size in bytes, of the payload
     * @param mostMessages that may be pending
     * @param mostBytes of the payloads of those that are pending
     */
    public boolean accept(int size, int mostMessages, long mostBytes) {
        long present = cells.get(ACCEPTED);
        if (isFull(present, mostMessages)) {
            return false;
        }
        long answered = posted(ANSWERED_BYTES); // first: it never overtakes the other
        long before = cells.getAndAdd(ACCEPTED_BYTES, size) - answered;
        if ((before > 0 && before + size > mostBytes) || !book(present, mostMessages)) {
            cells.getAndAdd(ACCEPTED_BYTES, -size);
            return false;
        }
        return true;
    }

    /** Any thread: whether fewer than {@code most} are pending, and the books are open. */
    public boolean hasRoom(int most) {
        return !isFull(cells.get(ACCEPTED), most);
    }

    private boolean book(long seen, int mostMessages) {
        long before = seen;
        while (!isFull(before, mostMessages)) {
            long present = cells.compareAndExchange(ACCEPTED, before, before + 1);
            if (present == before) {
                return true;
            }
            before = present;
        }
        return false;
    }

    private boolean isFull(long present, int mostMessages) {
        return present < 0 || present - answered() >= mostMessages;
    }

    /** Any thread: one was refused because the outbox was full. */
    public void rejected() {
        cells.getAndIncrement(REJECTED);
    }

    /** Any thread: so many that were booked in are answered there and then as {@link Outcome#CANCELLED}, because the event loop is gone. */
    public void stranded(int count, long size) {
        cells.getAndAdd(ACCEPTED_BYTES, -size);
        cells.getAndAdd(STRANDED, count);
    }

    /** Any thread: books nothing in any more. */
    public void close() {
        cells.getAndUpdate(ACCEPTED, count -> count | CLOSED);
    }

    /** Any thread: how many are booked in and not posted as answered. */
    public long pending() {
        long answered = answered(); // first: it never overtakes the other
        return taken() - answered;
    }

    /** Any thread: of the payloads of those, give or take what is being taken in at the moment. */
    public long pendingBytes() {
        long answered = posted(ANSWERED_BYTES);
        return Math.max(0, cells.get(ACCEPTED_BYTES) - answered);
    }

    private long taken() {
        return cells.get(ACCEPTED) & ~CLOSED;
    }

    private long answered() {
        return posted(ANSWERED) + cells.get(STRANDED);
    }

    private long posted(int slot) {
        return cells.getAcquire(POSTED + slot);
    }

    /** Event loop: so many are written and unanswered. */
    public void inFlight(long count) {
        cells.setOpaque(IN_FLIGHT, count);
    }

    /** Event loop: what could be written had waited. */
    public void stalled() {
        cells.setOpaque(STALLS, cells.getPlain(STALLS) + 1);
    }

    /**
     * Event loop: one is answered; nobody sees it before {@link #post}.
     *
     * @param size in bytes, of the payload
     * @param nanos since it was booked in
     */
    public void note(Outcome outcome, int size, long nanos) {
        noted[ANSWERED]++;
        noted[ANSWERED_BYTES] += size;
        noted[outcome.slot]++;
        if (outcome == Outcome.ACKNOWLEDGED) {
            noted[ACKNOWLEDGED_BYTES] += size;
            noted[NANOS] += nanos;
            if (nanos >= SLOW_NANOS) {
                slow.acknowledged(size, nanos);
            }
        }
    }

    /**
     * Event loop: everything that was noted is seen from now on, and its room is free.
     *
     * @return how many bytes of payloads that is
     */
    public long post() {
        long size = noted[ANSWERED_BYTES] - cells.getPlain(POSTED + ANSWERED_BYTES);
        long version = cells.getPlain(POSTED + VERSION);
        cells.setOpaque(POSTED + VERSION, version + 1);
        VarHandle.storeStoreFence();
        for (int i = ANSWERED_BYTES; i < SLOTS; i++) {
            cells.setRelease(POSTED + i, noted[i]);
        }
        cells.setRelease(POSTED + ANSWERED, noted[ANSWERED]);
        cells.setRelease(POSTED + VERSION, version + 2);
        return size;
    }

    /** Any thread: the state of one instant. */
    public Outgoing read() {
        for (int i = 0; ; i++) {
            long version = posted(VERSION);
            long lost = cells.get(STRANDED);
            Outgoing read = read(lost, i == MOST_READINGS);
            VarHandle.loadLoadFence();
            boolean undisturbed = (version & 1) == 0
                    && cells.getOpaque(POSTED + VERSION) == version
                    && cells.getOpaque(STRANDED) == lost;
            if (undisturbed || i == MOST_READINGS) {
                return read;
            }
            Thread.onSpinWait();
        }
    }

    /** @param disturbed whether the event loop is in the middle of a post and does not get on: then the parts tell the whole */
    private Outgoing read(long lost, boolean disturbed) {
        long nanos = cells.getOpaque(POSTED + NANOS);
        long acknowledgedBytes = cells.getOpaque(POSTED + ACKNOWLEDGED_BYTES);
        long acknowledged = outcomes(Outcome.ACKNOWLEDGED);
        long failed = outcomes(Outcome.FAILED);
        long expired = outcomes(Outcome.EXPIRED);
        long cancelled = outcomes(Outcome.CANCELLED) + lost;
        long answered = disturbed ? acknowledged + failed + expired + cancelled : posted(ANSWERED) + lost;
        long taken = taken(); // last: what is answered was taken in before
        long pending = taken - answered;
        return new Outgoing(
                taken,
                acknowledged,
                failed,
                expired,
                cancelled,
                pending,
                Math.min(cells.getOpaque(IN_FLIGHT), pending),
                cells.get(REJECTED),
                acknowledgedBytes,
                pendingBytes(),
                Duration.ofNanos(nanos),
                cells.getOpaque(STALLS));
    }

    private long outcomes(Outcome outcome) {
        return cells.getOpaque(POSTED + outcome.slot);
    }
}
