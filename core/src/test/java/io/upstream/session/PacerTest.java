// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.DefaultEventLoop;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** P19: a herd comes back one after the other. */
class PacerTest {
    private static final Duration LONG = Duration.ofHours(1);
    private final UpstreamException throttled =
            UpstreamException.of(FailureKind.THROTTLED, new Where("mqtt", "hub h:1"), "too many");
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final List<Guest> called = new ArrayList<>();
    private final List<UpstreamException> never = new ArrayList<>();

    PacerTest() {
        channel.freezeTime();
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private Pacer pacer(int perSecond, int atOnce) {
        return new Pacer(perSecond, atOnce, () -> channel.eventLoop().ticker().nanoTime());
    }

    private final class Guest implements Pacer.Visitor {
        private final Pacer.Place place;

        private Guest(Pacer pacer, Duration patience) {
            place = pacer.place(channel.eventLoop(), patience, this);
            place.enter();
        }

        @Override
        public void turn() {
            called.add(this);
        }

        @Override
        public void never(UpstreamException cause) {
            never.add(cause);
        }
    }

    private List<Guest> enter(Pacer pacer, int count) {
        List<Guest> guests = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            guests.add(new Guest(pacer, LONG));
        }
        return guests;
    }

    private void pass(Duration time) {
        long end = channel.eventLoop().ticker().nanoTime() + time.toNanos();
        for (long left = time.toNanos(); left > 0; ) {
            channel.runPendingTasks();
            channel.runScheduledPendingTasks();
            channel.runPendingTasks(); // at the same time still
            long next = channel.runScheduledPendingTasks();
            long step = next <= 0 ? left : Math.min(left, next);
            channel.advanceTimeBy(step, TimeUnit.NANOSECONDS);
            left = end - channel.eventLoop().ticker().nanoTime();
        }
        channel.runPendingTasks();
        channel.runScheduledPendingTasks();
        channel.runPendingTasks();
    }

    @Test
    void callsWhoeverComesAloneWithinTheCall() {
        enter(pacer(1, 1), 1);
        assertEquals(1, called.size());
    }

    @ParameterizedTest
    @CsvSource({"80, 10", "1, 10", "100, 10"})
    void callsSoManyASecondInTheOrderOfTheirComing(int perSecond, int burst) {
        List<Guest> guests = enter(pacer(perSecond, 10_000), 3 * perSecond + burst);
        assertEquals(burst, called.size(), "at once");
        for (int second = 1; second <= 3; second++) {
            pass(Duration.ofSeconds(1));
            assertEquals(burst + second * perSecond, called.size(), "after " + second + " s");
        }
        assertEquals(guests, called);
    }

    @Test
    void keepsSoManyUnderWayAtATime() {
        Pacer pacer = pacer(1_000, 3);
        List<Guest> guests = enter(pacer, 6);
        pass(Duration.ofSeconds(1));
        assertEquals(guests.subList(0, 3), called);
        guests.get(1).place.leave(null);
        guests.get(1).place.leave(null); // without effect
        channel.runPendingTasks();
        assertEquals(guests.subList(0, 4), called);
    }

    @Test
    void losesNoTurnOnThoseWhoLeave() {
        Pacer pacer = pacer(1, 10_000);
        List<Guest> guests = enter(pacer, 1_000);
        guests.subList(Pacer.BURST, 999).forEach(each -> each.place.leave(null));
        pass(Duration.ofSeconds(1));
        assertEquals(Pacer.BURST + 1, called.size());
        assertEquals(guests.get(999), called.get(Pacer.BURST));
    }

    @Test
    void tellsWhoWaitsTooLongForWhat() {
        Pacer pacer = pacer(1, 10_000);
        enter(pacer, Pacer.BURST + 3);
        Guest late = new Guest(pacer, Duration.ofMillis(2_500));
        pass(Duration.ofSeconds(30));
        assertEquals(1, never.size());
        assertEquals(FailureKind.TIMEOUT, never.get(0).kind());
        String text = String.valueOf(never.get(0).getMessage());
        assertTrue(text.contains("2.5 s") && text.contains("open fewer sessions at a time"), text);
        assertTrue(!called.contains(late) && called.size() == Pacer.BURST + 3, "one or the other, and once");
    }

    @Test
    void tellsThoseWhoseLoopEnds() throws Exception {
        EventLoop loop = new DefaultEventLoop();
        CompletableFuture<UpstreamException> told = new CompletableFuture<>();
        Pacer pacer = new Pacer(1, 1, () -> loop.ticker().nanoTime());
        for (int i = 0; i < 2; i++) {
            loop.submit(() -> pacer.place(loop, LONG, waits(told)).enter()).get(10, TimeUnit.SECONDS);
        }
        assertTrue(!told.isDone(), "one has its turn, the other waits");
        loop.shutdownGracefully(0, 5, TimeUnit.SECONDS);
        assertEquals(FailureKind.CLOSED, told.get(10, TimeUnit.SECONDS).kind());
        loop.terminationFuture().await(10, TimeUnit.SECONDS);
    }

    private static Pacer.Visitor waits(CompletableFuture<UpstreamException> told) {
        return new Pacer.Visitor() {
            @Override
            public void turn() {}

            @Override
            public void never(UpstreamException cause) {
                told.complete(cause);
            }
        };
    }

    /** P19: three refusals in 30 s, and half as many begin. */
    @Test
    void beginsFewerWhenTheHubRefusesSome() {
        Pacer pacer = pacer(80, 10_000);
        List<Guest> guests = enter(pacer, 2_000);
        guests.subList(0, Pacer.REFUSALS).forEach(each -> each.place.leave(throttled));
        pass(Duration.ofSeconds(1));
        int before = called.size();
        pass(Duration.ofSeconds(10));
        assertEquals(400, called.size() - before, 10);
        pass(Pacer.FORGOTTEN_AFTER);
        before = called.size();
        pass(Duration.ofSeconds(1));
        assertTrue(called.size() == guests.size() || called.size() - before >= 79, "as many as ever again");
    }

    @Test
    void doesNotMindTwoRefusalsNorThoseOfLongAgo() {
        Pacer pacer = pacer(80, 10_000);
        List<Guest> guests = enter(pacer, 6_000);
        for (int i = 0; i < Pacer.BURST; i++) {
            guests.get(i).place.leave(throttled);
            pass(Duration.ofSeconds(16));
            if (called.size() == guests.size()) {
                break;
            }
            assertEquals(Pacer.BURST + 80 * 16 * (i + 1), called.size(), 1);
        }
    }
}
