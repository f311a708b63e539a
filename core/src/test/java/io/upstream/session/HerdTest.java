// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.Identity;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Five thousand sessions, real but for their sockets, lose a hub for ten minutes; it takes 100 connections a second, as one of the smallest
 * paid size does, and refuses the others. On a clock that the test moves.
 */
class HerdTest {
    private static final int PER_SECOND = 80;
    private static final Duration OUTAGE = Duration.ofMinutes(10);
    private static final Duration HANDSHAKE = Duration.ofMillis(300);

    private static UpstreamRuntime runtime;

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final EventLoop loop = channel.eventLoop();
    private final Pacer pacer = new Pacer(PER_SECOND, 64, this::now);
    private final Hub hub = new Hub();
    private final List<Seat> seats = new ArrayList<>();

    @BeforeAll
    static void startRuntime() {
        runtime = UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
    }

    @AfterAll
    static void stopRuntime() {
        runtime.close();
    }

    private long now() {
        return loop.ticker().nanoTime();
    }

    /** How the way to the hub is cut. */
    private enum Cut {
        /** At once: nobody listens. */
        REFUSES,
        /** After 10 s: packets go nowhere. */
        SWALLOWS
    }

    /** The far side. */
    private final class Hub {
        private static final int TAKES = 100;
        private final Queue<Long> arrivals = new ArrayDeque<>();
        private boolean isUp = true;
        private Cut cut = Cut.REFUSES;
        private int attempts;
        private int refused;
        private int peak;

        private void ask(Seat seat) {
            attempts++;
            long now = now();
            arrivals.add(now);
            arrivals.removeIf(each -> now - each >= Duration.ofSeconds(1).toNanos());
            peak = Math.max(peak, arrivals.size());
            if (isUp && arrivals.size() <= TAKES) {
                after(HANDSHAKE, seat::welcome);
            } else if (isUp) {
                refused++;
                after(HANDSHAKE, () -> seat.refuse(FailureKind.THROTTLED));
            } else if (cut == Cut.REFUSES) {
                after(Duration.ofMillis(50), () -> seat.refuse(FailureKind.REFUSED));
            } else {
                after(Duration.ofSeconds(10), () -> seat.refuse(FailureKind.TIMEOUT));
            }
        }

        private void after(Duration time, Runnable answer) {
            loop.schedule(answer, time.toNanos(), TimeUnit.NANOSECONDS);
        }
    }

    /** As a session's seat of its own is made, but for the connection. */
    private final class Seat implements Connector, Pacer.Visitor {
        private final Backoff backoff;
        private final LastingSession session;
        private Pacer.@Nullable Place place;
        private @Nullable LineOwner owner;
        private ScriptedLine line = new ScriptedLine();
        private int underWay;

        private Seat(int number) {
            backoff = new Backoff(Reconnect.DEFAULT, HerdTest.this::now, new Random(number));
            session = new LastingSession(
                    new SessionTerms(
                            Identity.device("dev-" + number),
                            UpstreamProtocol.MQTT,
                            true,
                            UpstreamOptions.forHub("h").build(),
                            runtime,
                            loop,
                            new Callbacks(Runnable::run)),
                    this);
            session.open();
        }

        @Override
        public void connect(LineOwner forWhom, @Nullable UpstreamException after) {
            owner = forWhom;
            assertEquals(0, underWay++, "P21: one attempt at a time");
            if (after == null) {
                enter();
            } else {
                Pause.of(backoff.pauseAfter(after), loop, this::enter, () -> {});
            }
        }

        private void enter() {
            place = pacer.place(loop, Duration.ofDays(1), this);
            place.enter();
        }

        @Override
        public void turn() {
            hub.ask(this);
        }

        @Override
        public void never(UpstreamException cause) {
            throw new AssertionError(cause);
        }

        private void over(@Nullable UpstreamException failure) {
            underWay--;
            if (place != null) {
                place.leave(failure);
            }
        }

        private void welcome() {
            over(null);
            backoff.succeeded();
            line = new ScriptedLine();
            if (owner != null) {
                owner.up(line);
            }
        }

        private void refuse(FailureKind kind) {
            UpstreamException cause = failure(kind);
            over(cause);
            if (owner != null) {
                owner.failed(cause);
            }
        }

        private void lose() {
            if (owner != null) {
                owner.down(line, failure(FailureKind.RESET));
            }
        }

        @Override
        public void hurry() {}

        @Override
        public CompletionStage<Void> leave() {
            return CompletableFuture.completedFuture(null);
        }
    }

    private static UpstreamException failure(FailureKind kind) {
        return UpstreamException.of(kind, new Where("tcp", "hub h:8883"), "as the test says");
    }

    /** Lets everything happen that is due in so long a time. */
    private void pass(Duration time) {
        long end = now() + time.toNanos();
        while (now() < end) {
            channel.runPendingTasks();
            channel.runScheduledPendingTasks();
            channel.runPendingTasks(); // at the same time still
            long next = channel.runScheduledPendingTasks();
            channel.advanceTimeBy(next <= 0 ? end - now() : Math.min(end - now(), next), TimeUnit.NANOSECONDS);
        }
    }

    private int back() {
        return (int) seats.stream()
                .filter(seat -> seat.session.status().phase() == Phase.CONNECTED)
                .count();
    }

    /** P14, P18, P19, P21: within N/pacer + 15 s, one alone within its pause and 5 s, not more than 1.05 attempts for each, none refused, and never more than the pacer lets. */
    @ParameterizedTest
    @CsvSource({"REFUSES, 5000, 77", "SWALLOWS, 5000, 77", "REFUSES, 1, 65"})
    void allComeBackOneAfterTheOther(Cut cut, int identities, int seconds) {
        channel.freezeTime();
        for (int i = 0; i < identities; i++) {
            seats.add(new Seat(i));
        }
        pass(Duration.ofMinutes(2));
        assertEquals(identities, back(), "before");
        hub.cut = cut;
        hub.isUp = false;
        seats.forEach(Seat::lose);
        pass(OUTAGE);
        assertEquals(0, back(), "meanwhile");
        hub.isUp = true;
        hub.attempts = 0;
        hub.peak = 0;
        pass(Duration.ofSeconds(seconds));
        assertEquals(identities, back(), "within " + seconds + " s");
        assertTrue(hub.attempts <= 1.05 * identities, hub.attempts + " attempts");
        assertTrue(hub.peak <= PER_SECOND + Pacer.BURST, hub.peak + " in a second");
        assertEquals(0, hub.refused);
        channel.finishAndReleaseAll();
    }
}
