// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.upstream.session.Quiet;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Asks the peer for a sign of life when either direction was silent for the interval, and notices that none comes. Any packet counts as
 * one: a PINGRESP may have to wait behind much else. Confined to the event loop.
 */
final class KeepAlive {
    private final EventLoop loop;
    private final long intervalNanos;
    private final long patienceNanos;
    private final Quiet quiet;
    private final BooleanSupplier listening;
    private final Runnable ping;
    private final Runnable dead;
    /** One for each PINGREQ that is not answered, the oldest first: the peer answers in order. */
    private final Queue<Runnable> unanswered = new ArrayDeque<>(1);

    private final Consumer<Duration> roundTrip;
    private State state = State.RUNNING;
    private long asked;
    private @Nullable Future<?> alarm;

    private enum State {
        RUNNING,
        STOPPED
    }

    /**
     * Does nothing before {@link #start}.
     *
     * @param interval for how long either direction may be silent
     * @param patience how long the peer may take to answer a PINGREQ
     * @param listening whether the socket is being read: while it is not, silence is our own doing
     * @param ping sends a PINGREQ
     * @param dead is called once, when the peer gave no sign of life
     * @param roundTrip is told how long each answer took
     */
    KeepAlive(
            EventLoop loop,
            Duration interval,
            Duration patience,
            BooleanSupplier listening,
            Runnable ping,
            Runnable dead,
            Consumer<Duration> roundTrip) {
        this.loop = loop;
        this.intervalNanos = interval.toNanos();
        this.patienceNanos = patience.toNanos();
        this.quiet = new Quiet(now());
        this.listening = listening;
        this.ping = ping;
        this.dead = dead;
        this.roundTrip = roundTrip;
    }

    void start() {
        check();
    }

    /** What was heard and said until now. */
    Quiet quiet() {
        return quiet;
    }

    void stop() {
        state = State.STOPPED;
        cancelAlarm();
    }

    private void cancelAlarm() {
        if (alarm != null) {
            alarm.cancel(false);
        }
    }

    /** Asks now, whenever anything was heard last; {@code answered} runs when the PINGRESP comes. */
    void ask(Runnable answered) {
        ask(now(), answered);
        cancelAlarm();
        check();
    }

    /** Something was read; once for each turn of the event loop will do. */
    void onRead() {
        quiet.heard(now());
    }

    /** Something was sent; once for each flush will do. */
    void onWrite() {
        quiet.spoke(now());
    }

    /** Whether a PINGRESP was due. */
    boolean answered() {
        Runnable oldest = unanswered.poll();
        if (oldest == null) {
            return false;
        }
        oldest.run();
        return true;
    }

    private void ask(long now, Runnable answered) {
        unanswered.add(() -> {
            roundTrip.accept(Duration.ofNanos(now() - now));
            answered.run();
        });
        asked = now;
        ping.run();
    }

    private void check() {
        if (state == State.STOPPED) {
            return;
        }
        long now = now();
        boolean reading = listening.getAsBoolean();
        if (!reading) {
            quiet.notListening(now);
        }
        if (!unanswered.isEmpty() && now - signOfLife() >= patienceNanos) {
            state = State.STOPPED;
            dead.run();
            return;
        }
        // while nothing is read an answer may lie in the socket, and the peer still has to hear from us
        if ((unanswered.isEmpty() || !reading) && now - quiet.oneSideSince() >= intervalNanos) {
            ask(now, () -> {});
        }
        alarm = loop.schedule(this::check, Math.max(1, nextCheck(reading) - now), TimeUnit.NANOSECONDS);
    }

    private long nextCheck(boolean reading) {
        return !unanswered.isEmpty() && reading ? signOfLife() + patienceNanos : quiet.oneSideSince() + intervalNanos;
    }

    private long signOfLife() {
        return Math.max(asked, quiet.lastRead());
    }

    private long now() {
        return loop.ticker().nanoTime();
    }
}
