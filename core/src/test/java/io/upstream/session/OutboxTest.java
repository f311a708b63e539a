// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.testing.AllocationMeter;
import io.upstream.watch.Ledger;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class OutboxTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private final UpstreamException lost =
            UpstreamException.of(FailureKind.RESET, new Where("send", "hub h:1"), "the connection was reset");

    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final AtomicLong clock = new AtomicLong();
    private final List<Integer> wakes = new ArrayList<>();
    private final Outbox outbox = new Outbox(
            channel.eventLoop(),
            new Callbacks(Runnable::run),
            UpstreamOptions.forHub("h").operationTimeout(TIMEOUT).outbox(3, 100).build(),
            new SharedRoom(Long.MAX_VALUE),
            () -> wakes.add(1),
            clock::get);

    OutboxTest() {
        channel.freezeTime();
    }

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private CompletableFuture<Void> submit(int size) {
        return outbox.submit(Telemetry.of(new byte[size])).toCompletableFuture();
    }

    private void pass(Duration time) {
        clock.addAndGet(time.toNanos());
        channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
        channel.runPendingTasks();
    }

    private static UpstreamException failure(CompletableFuture<Void> outcome) {
        assertTrue(outcome.isCompletedExceptionally(), "not failed");
        return (UpstreamException)
                assertThrows(ExecutionException.class, outcome::get).getCause();
    }

    /** P16: were a wake-up lost all the same, the outbox goes on by itself, and says so. */
    @Test
    void goesOnAfterAWakeUpThatIsLost() {
        List<Send> written = new ArrayList<>();
        Ledger ledger = new Ledger();
        AtomicBoolean heard = new AtomicBoolean();
        Outbox[] self = new Outbox[1];
        Outbox deaf = new Outbox(
                channel.eventLoop(),
                new Callbacks(Runnable::run),
                UpstreamOptions.forHub("h").operationTimeout(TIMEOUT).build(),
                new SharedRoom(Long.MAX_VALUE),
                () -> {
                    if (heard.get()) {
                        written.add(self[0].next());
                    }
                },
                clock::get,
                ledger);
        self[0] = deaf;
        deaf.submit(Telemetry.of(new byte[1]));
        channel.runPendingTasks();
        pass(Duration.ofSeconds(20));
        assertEquals(0, ledger.read().stalls(), "it could not be written");
        heard.set(true);
        pass(Duration.ofSeconds(5));
        assertEquals(1, written.size());
        assertEquals(1, ledger.read().stalls());
        pass(Duration.ofSeconds(20));
        assertEquals(1, ledger.read().stalls());
        deaf.end(lost, lost);
    }

    @Test
    void doesNotCallItAStallWhenMessagesAreWrittenInTime() {
        List<CompletableFuture<Void>> outcomes = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            outcomes.add(submit(1));
            channel.runPendingTasks();
            pass(Duration.ofSeconds(4));
            outbox.next().succeed();
        }
        channel.runPendingTasks();
        assertTrue(outcomes.stream().allMatch(CompletableFuture::isDone));
        assertEquals(20, wakes.size(), "woken by messages only");
    }

    /** P9: also of one that was written on a connection that is lost by now. */
    @Test
    void saysWhetherTheHubMayHaveWhatHasExpired() {
        CompletableFuture<Void> written = submit(1);
        CompletableFuture<Void> waiting = submit(1);
        channel.runPendingTasks();
        outbox.next();
        outbox.rewind();
        pass(TIMEOUT);
        String begin = "the hub did not acknowledge the message within 60 s";
        assertEquals(
                begin + "; it may have it all the same",
                failure(written).getMessage().replaceFirst("^[^:]*: ", ""));
        assertEquals(begin + "; it was not sent", failure(waiting).getMessage().replaceFirst("^[^:]*: ", ""));
    }

    @Test
    void keepsNothingOfAMessageThatExpiredBeforeItWasWritten() throws Exception {
        WeakReference<Telemetry> kept = expireUnwritten();
        for (int i = 0; i < 100 && kept.get() != null; i++) {
            System.gc();
            Thread.onSpinWait();
        }
        assertNull(kept.get());
    }

    private WeakReference<Telemetry> expireUnwritten() {
        Telemetry telemetry = Telemetry.of(new byte[1]);
        CompletableFuture<Void> outcome = outbox.submit(telemetry).toCompletableFuture();
        channel.runPendingTasks();
        pass(TIMEOUT);
        assertEquals(FailureKind.TIMEOUT, failure(outcome).kind());
        return new WeakReference<>(telemetry);
    }

    @Test
    void leavesNoTimerBehind() {
        submit(1);
        channel.runPendingTasks();
        outbox.end(lost, lost);

        assertEquals(-1, channel.runScheduledPendingTasks(), "nanoseconds to the next timer");
    }

    @Test
    void handsOverInOrderAndWakesOnceForMany() {
        submit(1);
        submit(2);
        channel.runPendingTasks();

        assertEquals(1, wakes.size());
        assertEquals(1, outbox.next().telemetry().size());
        assertEquals(2, outbox.next().telemetry().size());
        assertNull(outbox.next());
        assertEquals(2, outbox.size());
    }

    /** P2: nothing but the hub's answer is a success. */
    @Test
    void completesWhenTheHubAnswersAndOnlyThen() {
        CompletableFuture<Void> outcome = submit(1);
        channel.runPendingTasks();
        Send send = outbox.next();
        assertFalse(outcome.isDone());

        send.succeed();
        send.fail(lost);
        channel.runPendingTasks();

        assertTrue(outcome.isDone());
        assertFalse(outcome.isCompletedExceptionally());
        assertTrue(outbox.isEmpty());
    }

    @Test
    void refusesAtOnceBeyondTheNumberOfMessagesUntilOneIsAnswered() {
        submit(1);
        submit(1);
        submit(1);
        assertEquals(FailureKind.OUTBOX_FULL, failure(submit(1)).kind());

        channel.runPendingTasks();
        outbox.next().succeed();
        channel.runPendingTasks();
        assertFalse(submit(1).isDone());
    }

    @Test
    void refusesAtOnceBeyondTheNumberOfBytesButTakesOneLargeMessage() {
        CompletableFuture<Void> large = submit(5_000);
        assertFalse(large.isDone());
        assertEquals(FailureKind.OUTBOX_FULL, failure(submit(1)).kind());

        channel.runPendingTasks();
        outbox.next().succeed();
        channel.runPendingTasks();
        assertFalse(submit(60).isDone());
        assertFalse(submit(40).isDone());
        assertEquals(FailureKind.OUTBOX_FULL, failure(submit(1)).kind());
    }

    /** P1: not a moment after its deadline. */
    @Test
    void failsWhatIsNotAnsweredByItsDeadline() {
        CompletableFuture<Void> first = submit(1);
        channel.runPendingTasks();
        pass(Duration.ofSeconds(30));
        CompletableFuture<Void> second = submit(1);
        channel.runPendingTasks();
        pass(Duration.ofSeconds(30));

        assertEquals(FailureKind.TIMEOUT, failure(first).kind());
        assertFalse(second.isDone());
        pass(Duration.ofSeconds(30));
        assertEquals(FailureKind.TIMEOUT, failure(second).kind());
        assertTrue(outbox.isEmpty());
    }

    /** P2: what has failed is not acknowledged afterwards. */
    @Test
    void aLateAnswerToAnExpiredMessageIsHarmless() {
        submit(1);
        channel.runPendingTasks();
        Send send = outbox.next();
        pass(TIMEOUT);
        send.succeed();

        assertTrue(outbox.isEmpty());
    }

    @Test
    void neverWritesWhatExpiredWhileItWaited() {
        submit(1);
        channel.runPendingTasks();
        pass(TIMEOUT);
        assertNull(outbox.next());
    }

    /** P9: cancelled before it is written is not sent. */
    @Test
    void cancellingTakesBackWhatWasNotWritten() {
        CompletableFuture<Void> outcome = submit(1);
        submit(2);
        channel.runPendingTasks();
        outcome.cancel(false);

        assertEquals(2, outbox.next().telemetry().size());
        assertEquals(1, outbox.size());
    }

    @Test
    void tellsTheApplicationOncePerTurnInTheOrderOfTheAnswers() {
        List<Integer> told = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int number = i;
            submit(1).whenComplete((nothing, error) -> told.add(number));
        }
        channel.runPendingTasks();
        Send first = outbox.next();
        Send second = outbox.next();
        second.succeed();
        first.fail(lost);
        assertEquals(List.of(), told);
        channel.runPendingTasks();

        assertEquals(List.of(1, 0), told);
        assertEquals(1, outbox.size());
    }

    @Test
    void findsRoomForWhatIsSentFromACompletedFuture() {
        submit(1);
        submit(1);
        CompletableFuture<Boolean> next =
                submit(1).thenApply(nothing -> submit(1).isCompletedExceptionally());
        channel.runPendingTasks();
        for (Send send = outbox.next(); send != null; send = outbox.next()) {
            send.succeed();
        }
        channel.runPendingTasks();

        assertFalse(next.join(), "the outbox takes three at once");
        assertEquals(1, outbox.size());
    }

    @Test
    void keepsTheOrderOfWhatIsUnwrittenWhateverIsAnswered() {
        CompletableFuture<Void> second = null;
        for (int size = 1; size <= 3; size++) {
            CompletableFuture<Void> send = submit(size);
            second = size == 2 ? send : second;
        }
        channel.runPendingTasks();
        Send first = outbox.next();
        assertNotNull(second);
        second.cancel(false);
        first.succeed();
        assertEquals(3, outbox.next().telemetry().size());
        channel.runPendingTasks();
        submit(4);
        channel.runPendingTasks();

        assertEquals(4, outbox.next().telemetry().size());
        assertEquals(2, outbox.size());
    }

    @Test
    void aMessageCostsOneObject() {
        EmbeddedChannel quiet = new EmbeddedChannel();
        Outbox measured = new Outbox(
                quiet.eventLoop(),
                new Callbacks(Runnable::run),
                UpstreamOptions.forHub("h").build(),
                new SharedRoom(Long.MAX_VALUE),
                () -> {},
                System::nanoTime);
        Telemetry message = Telemetry.of(new byte[64]);
        double bytes = AllocationMeter.bytesPerOperation(500, () -> {
            for (int i = 0; i < 16; i++) {
                measured.submit(message);
            }
            quiet.runPendingTasks();
            for (Send send = measured.next(); send != null; send = measured.next()) {
                send.succeed();
            }
            quiet.runPendingTasks();
        });
        measured.end(lost, lost);
        quiet.finishAndReleaseAll();

        assertTrue(
                bytes / 16 <= 72, bytes / 16 + " bytes per message"); // a Send has 64; the rest is for sixteen together
    }

    /** P1: the end of a session leaves nothing open. */
    @Test
    void theEndFailsEverythingOnceAndForEver() {
        CompletableFuture<Void> written = submit(1);
        channel.runPendingTasks();
        assertNotNull(outbox.next());
        CompletableFuture<Void> waiting = submit(1);
        CompletableFuture<Void> handedOver = submit(1);

        outbox.end(lost, lost);
        UpstreamException closed = UpstreamException.of(FailureKind.CLOSED, Where.here("close"), "closed");
        outbox.end(closed, closed);
        channel.runPendingTasks();

        for (CompletableFuture<Void> outcome : List.of(written, waiting, handedOver, submit(1))) {
            assertEquals(FailureKind.RESET, failure(outcome).kind());
        }
        assertTrue(outbox.isEmpty());
    }

    /** P1: also without an event loop. */
    @Test
    void failsEverySendAtOnceWhenTheEventLoopIsGone() {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        EventLoop loop = loops.next();
        loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        assertTrue(loops.terminationFuture().awaitUninterruptibly(10, TimeUnit.SECONDS));
        Outbox stranded = new Outbox(
                loop,
                new Callbacks(Runnable::run),
                UpstreamOptions.forHub("h").build(),
                new SharedRoom(Long.MAX_VALUE),
                () -> wakes.add(1),
                clock::get);
        for (int i = 0; i < 2; i++) {
            CompletableFuture<Void> send =
                    stranded.submit(Telemetry.of(new byte[1])).toCompletableFuture();
            assertTrue(send.isCompletedExceptionally());
            assertTrue(stranded.isEmpty());
        }
    }

    @Test
    void takesABatchInOrderWithNothingInBetween() {
        List<Telemetry> batch = List.of(Telemetry.of(new byte[1]), Telemetry.of(new byte[2]));
        submit(0);
        List<CompletionStage<Void>> outcomes = outbox.submit(batch);
        assertEquals(FailureKind.OUTBOX_FULL, failure(submit(1)).kind());
        channel.runPendingTasks();
        assertNull(outbox.next().call());
        Send first = outbox.peek();
        assertSame(first, outbox.peek());
        assertSame(first, outcomes.get(0));
        outbox.take(first);
        Send second = outbox.next();
        assertSame(second, outcomes.get(1));
        assertNotNull(first.call());
        assertSame(first.call(), second.call());
        assertNull(outbox.peek());
    }

    @Test
    void whatOfABatchIsBeyondItsBoundsFailsAlone() {
        Telemetry small = Telemetry.of(new byte[1]);
        Telemetry large = Telemetry.of(new byte[100]);
        List<CompletionStage<Void>> outcomes = outbox.submit(List.of(small, large, small, small, small));
        channel.runPendingTasks();
        assertEquals(
                FailureKind.OUTBOX_FULL,
                failure(outcomes.get(1).toCompletableFuture()).kind());
        assertEquals(
                FailureKind.OUTBOX_FULL,
                failure(outcomes.get(4).toCompletableFuture()).kind());
        for (int i : new int[] {0, 2, 3}) {
            assertSame(outcomes.get(i), outbox.next());
        }
        outbox.end(lost, lost);
        assertSame(lost, failure(outcomes.get(0).toCompletableFuture()));
        assertSame(lost, failure(outbox.submit(List.of(small)).get(0).toCompletableFuture()));
    }

    @Test
    void aCancelledMessageIsPassedOver() {
        List<CompletionStage<Void>> outcomes =
                outbox.submit(List.of(Telemetry.of(new byte[1]), Telemetry.of(new byte[2])));
        channel.runPendingTasks();
        outcomes.get(0).toCompletableFuture().cancel(false);
        assertSame(outcomes.get(1), outbox.peek());
        assertSame(outcomes.get(1), outbox.next());
        assertNull(outbox.next());
    }

    @Test
    void aSecondRewindOrResumeChangesNothing() {
        submit(1);
        submit(2);
        submit(3);
        channel.runPendingTasks();
        outbox.next().succeed();
        assertEquals(2, outbox.next().telemetry().size());
        outbox.interrupt(lost);
        outbox.rewind();
        outbox.rewind();
        outbox.resume();
        outbox.resume();
        assertEquals(2, outbox.next().telemetry().size());
        outbox.resume();
        assertEquals(3, outbox.next().telemetry().size(), "a resume writes nothing again");
        assertNull(outbox.next());
        channel.runPendingTasks();
        assertEquals(2, outbox.size());
    }

    @Test
    void tellsOfAnInterruptionOnlyUntilTheFirstResume() {
        CompletableFuture<Void> early = submit(1);
        channel.runPendingTasks();
        outbox.interrupt(lost);
        pass(TIMEOUT);
        assertSame(lost, failure(early).getCause());
        CompletableFuture<Void> late = submit(1);
        channel.runPendingTasks();
        outbox.resume();
        outbox.resume();
        pass(TIMEOUT);
        assertNull(failure(late).getCause());
    }
}
