// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The test's thread is the event loop, and runs the callbacks when it likes. */
class SendWaitTest {
    private static final long LIMIT_SECONDS = 20;

    private final UpstreamException lost =
            UpstreamException.of(FailureKind.RESET, new Where("send", "hub h:1"), "the connection was reset");
    private final Queue<Runnable> callbacks = new ArrayDeque<>();
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Outbox outbox = new Outbox(
            channel.eventLoop(),
            new Callbacks(callbacks::add),
            UpstreamOptions.forHub("h").build(),
            new SharedRoom(Long.MAX_VALUE),
            () -> {},
            System::nanoTime);
    private final CompletableFuture<Void> outcome =
            outbox.submit(Telemetry.of(new byte[1])).toCompletableFuture();

    @AfterEach
    void close() {
        channel.finishAndReleaseAll();
    }

    private Send written() {
        channel.runPendingTasks();
        Send send = outbox.next();
        assertNotNull(send);
        return send;
    }

    private void answer() {
        written().succeed();
        channel.runPendingTasks();
    }

    /** A thread that does {@code work}, once it blocks in it. */
    private static Blocked blockedIn(Callable<Void> work) {
        FutureTask<Void> task = new FutureTask<>(work);
        Thread thread = new Thread(task, "waits for a send");
        thread.setDaemon(true);
        thread.start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (thread.getState() != Thread.State.WAITING && thread.getState() != Thread.State.TIMED_WAITING) {
            assertTrue(System.nanoTime() < end, "does not block");
            Thread.onSpinWait();
        }
        return new Blocked(thread, task);
    }

    private record Blocked(Thread thread, FutureTask<Void> task) {
        void returns() throws Exception {
            task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        }

        Throwable failure() {
            return assertThrows(ExecutionException.class, this::returns).getCause();
        }
    }

    @Test
    void theEventLoopWakesThreadsThatWait() throws Exception {
        List<Blocked> blocked = new ArrayList<>();
        blocked.add(blockedIn(outcome::join));
        blocked.add(blockedIn(outcome::get));
        blocked.add(blockedIn(() -> outcome.get(LIMIT_SECONDS, TimeUnit.SECONDS)));
        answer();

        for (Blocked one : blocked) {
            one.returns();
        }
        assertTrue(outcome.isDone());
        assertTrue(callbacks.isEmpty(), "a callback thread was woken");
    }

    @Test
    void aWaitingThreadSeesTheFailureAsFromAnyFuture() {
        Blocked joins = blockedIn(outcome::join);
        Blocked gets = blockedIn(outcome::get);
        written().fail(lost);
        channel.runPendingTasks();

        assertSame(
                lost,
                assertInstanceOf(CompletionException.class, joins.failure()).getCause());
        assertSame(
                lost, assertInstanceOf(ExecutionException.class, gets.failure()).getCause());
    }

    @Test
    void whatDependsOnItRunsAmongTheCallbacksAlsoWhenAThreadWaits() throws Exception {
        List<Thread> ranOn = new CopyOnWriteArrayList<>();
        CompletableFuture<Void> dependent = outcome.thenRun(() -> ranOn.add(Thread.currentThread()));
        Blocked joins = blockedIn(outcome::join);
        answer();

        assertEquals(List.of(), ranOn);
        Thread callback = new Thread(callbacks.remove());
        callback.start();
        joins.returns();
        dependent.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        assertEquals(List.of(callback), ranOn);
    }

    @Test
    void aThreadWhoseTimeIsOverLeavesTheAnswerToTheCallbacks() {
        assertThrows(TimeoutException.class, () -> outcome.get(1, TimeUnit.MILLISECONDS));
        answer();

        assertFalse(outcome.isDone());
        callbacks.remove().run();
        assertTrue(outcome.isDone());
    }

    @Test
    void anInterruptedThreadLeavesTheAnswerToTheCallbacks() {
        Blocked gets = blockedIn(outcome::get);
        gets.thread().interrupt();
        assertInstanceOf(InterruptedException.class, gets.failure());
        answer();

        callbacks.remove().run();
        assertTrue(outcome.isDone());
    }

    @Test
    void waitsNoLongerThanForTheAnswerAlthoughNoCallbackThreadIsFree() {
        answer();

        assertFalse(outcome.isDone());
        outcome.join();
        assertTrue(outcome.isDone());
        callbacks.remove().run();
    }

    @Test
    void cancellingWakesThreadsThatWait() {
        Blocked joins = blockedIn(outcome::join);
        outcome.cancel(false);

        assertInstanceOf(CancellationException.class, joins.failure());
    }
}
