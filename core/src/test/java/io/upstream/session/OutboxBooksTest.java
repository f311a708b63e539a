// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.nio.NioIoHandler;
import io.upstream.FailureKind;
import io.upstream.SessionStatistics.Outgoing;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.watch.Ledger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** P40: at every instant accepted = acknowledged + failed + expired + cancelled + pending, and each is what the application has seen. */
class OutboxBooksTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(60);
    private static final int MOST = 20;
    private final UpstreamException lost =
            UpstreamException.of(FailureKind.RESET, new Where("send", "hub h:1"), "the connection was reset");
    private final UpstreamException closed =
            UpstreamException.of(FailureKind.CLOSED, Where.here("session"), "the session was closed");

    private static void assertReconciled(Outgoing books) {
        assertEquals(
                books.accepted(),
                books.acknowledged() + books.failed() + books.expired() + books.cancelled() + books.pending(),
                books::toString);
        assertTrue(
                books.pending() >= 0 && books.inFlight() >= 0 && books.inFlight() <= books.pending(), books::toString);
    }

    /** What an application can know: it holds every future. */
    private static final class Model {
        private final List<CompletableFuture<Void>> open = new ArrayList<>();
        private final Map<FailureKind, Long> failed = new EnumMap<>(FailureKind.class);
        private long accepted;
        private long rejected;
        private long cancelled;

        private void sent(CompletionStage<Void> stage) {
            CompletableFuture<Void> future = stage.toCompletableFuture();
            if (kindOf(future) == FailureKind.OUTBOX_FULL) {
                rejected++;
            } else {
                accepted++;
                open.add(future);
            }
        }

        /** Takes note of what is done. */
        private void settle() {
            open.removeIf(each -> {
                if (each.isCancelled()) {
                    cancelled++;
                } else if (each.isCompletedExceptionally()) {
                    failed.merge(kindOf(each), 1L, Long::sum);
                }
                return each.isDone();
            });
        }

        private long failed(FailureKind kind) {
            return failed.getOrDefault(kind, 0L);
        }
    }

    private static FailureKind kindOf(CompletableFuture<Void> future) {
        if (!future.isCompletedExceptionally() || future.isCancelled()) {
            return FailureKind.INTERNAL; // none of those that are asked for
        }
        try {
            future.get();
            throw new AssertionError("it has not failed");
        } catch (ExecutionException | InterruptedException e) {
            return ((UpstreamException) e.getCause()).kind();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void p40TheBooksAgreeWithAModelAfterEachOfThousandsOfRandomSteps(long seed) {
        new RandomWalk(seed).run(4_000);
    }

    private final class RandomWalk {
        private final Random random;
        private final EmbeddedChannel channel = new EmbeddedChannel();
        private final AtomicLong clock = new AtomicLong();
        private final Ledger ledger = new Ledger();
        private final Model model = new Model();
        private final List<Send> written = new ArrayList<>();
        private final Outbox outbox = new Outbox(
                channel.eventLoop(),
                new Callbacks(Runnable::run),
                UpstreamOptions.forHub("h")
                        .operationTimeout(TIMEOUT)
                        .outbox(MOST, 500)
                        .build(),
                new SharedRoom(1 << 30),
                () -> {},
                clock::get,
                ledger);
        private long acknowledged;

        private RandomWalk(long seed) {
            random = new Random(seed);
            channel.freezeTime();
        }

        private void run(int steps) {
            for (int i = 0; i < steps; i++) {
                step();
                check();
            }
            outbox.end(closed, closed);
            channel.runPendingTasks();
            check();
            Outgoing books = ledger.read();
            assertEquals(0, books.pending());
            assertEquals(0, books.pendingBytes());
            assertEquals(0, books.inFlight());
            assertTrue(books.acknowledged() > 100 && books.failed() > 100, books::toString);
            assertTrue(books.expired() > 100 && books.cancelled() > 100 && books.rejected() > 100, books::toString);
            channel.finishAndReleaseAll();
        }

        private Telemetry message() {
            return Telemetry.of(new byte[random.nextInt(60)]);
        }

        private void step() {
            switch (random.nextInt(12)) {
                case 0, 1, 2, 3 -> model.sent(outbox.submit(message()));
                case 4 ->
                    outbox.submit(List.of(message(), message(), message())).forEach(model::sent);
                case 5, 6 -> write();
                case 7 -> answer(true);
                case 8 -> answer(false);
                case 9 -> cancel();
                case 10 -> pass(Duration.ofSeconds(random.nextInt(25)));
                default -> rewind();
            }
            if (random.nextBoolean()) {
                channel.runPendingTasks();
            }
        }

        private void write() {
            channel.runPendingTasks();
            Send send = outbox.next();
            if (send != null) {
                written.add(send);
            }
        }

        private void answer(boolean good) {
            if (written.isEmpty()) {
                return;
            }
            Send send = written.remove(random.nextInt(written.size()));
            boolean late = send.isAnswered();
            if (good) {
                send.succeed();
                acknowledged += late ? 0 : 1;
            } else {
                send.fail(lost);
            }
            send.succeed(); // as a peer that repeats itself
        }

        private void cancel() {
            if (!model.open.isEmpty()) {
                model.open.get(random.nextInt(model.open.size())).cancel(false);
            }
        }

        private void pass(Duration time) {
            clock.addAndGet(time.toNanos());
            channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
            channel.runScheduledPendingTasks();
        }

        private void rewind() {
            outbox.interrupt(lost);
            outbox.rewind();
            written.clear();
            outbox.resume();
        }

        private void check() {
            Outgoing books = ledger.read();
            assertReconciled(books);
            assertEquals(model.accepted, books.accepted());
            assertEquals(model.rejected, books.rejected());
            channel.runPendingTasks(); // the application is told
            model.settle();
            books = ledger.read();
            assertReconciled(books);
            assertEquals(outbox.size(), books.pending());
            assertEquals(acknowledged, books.acknowledged());
            assertEquals(model.failed(FailureKind.RESET), books.failed());
            assertEquals(model.failed(FailureKind.TIMEOUT), books.expired());
            // what the application cancelled may be with the hub, and is pending until it is noticed
            long mine = model.cancelled;
            assertTrue(books.cancelled() <= mine + model.failed(FailureKind.CLOSED), books::toString);
            assertTrue(books.cancelled() >= model.failed(FailureKind.CLOSED), books::toString);
            assertTrue(
                    books.pending() >= model.open.size() && books.pending() <= model.open.size() + mine,
                    books::toString);
            assertTrue(books.pending() <= MOST, books::toString);
        }
    }

    @Test
    void p40HoldsInEveryReadingWhileThreadsSendCancelAndReadAndTheLoopAnswers() throws Exception {
        Storm storm = new Storm();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            threads.add(new Thread(storm::send));
        }
        for (int i = 0; i < 2; i++) {
            threads.add(new Thread(storm::read));
        }
        threads.forEach(Thread::start);
        storm.answer();
        assertTrue(storm.senders.await(30, TimeUnit.SECONDS));
        storm.end(threads);

        Outgoing books = storm.ledger.read();
        assertReconciled(books);
        assertEquals(0, books.pending());
        assertEquals(0, books.pendingBytes());
        assertEquals(storm.accepted.get(), books.accepted());
        assertEquals(storm.rejected.get(), books.rejected());
        assertEquals(storm.answered.get(), books.acknowledged());
        assertTrue(storm.readings.get() > 1_000, "readings: " + storm.readings);
        assertEquals(null, storm.wrong.get());
    }

    private final class Storm {
        private static final int EACH = 30_000;
        private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        private final EventLoop loop = loops.next();
        private final Ledger ledger = new Ledger();
        private final CountDownLatch senders = new CountDownLatch(3);
        private final CountDownLatch over = new CountDownLatch(1);
        private final AtomicLong accepted = new AtomicLong();
        private final AtomicLong rejected = new AtomicLong();
        private final AtomicLong answered = new AtomicLong();
        private final AtomicInteger readings = new AtomicInteger();
        private final AtomicReference<Throwable> wrong = new AtomicReference<>();
        private final Queue<CompletableFuture<Void>> open = new ConcurrentLinkedQueue<>();
        private final Outbox outbox = new Outbox(
                loop,
                new Callbacks(Runnable::run),
                UpstreamOptions.forHub("h").outbox(50, 100_000).build(),
                new SharedRoom(1 << 30),
                () -> {},
                System::nanoTime,
                ledger);

        private void send() {
            Random random = new Random();
            for (int i = 0; i < EACH; i++) {
                CompletableFuture<Void> future =
                        outbox.submit(Telemetry.of(new byte[random.nextInt(9)])).toCompletableFuture();
                if (future.isCompletedExceptionally() && kindOf(future) == FailureKind.OUTBOX_FULL) {
                    rejected.incrementAndGet();
                    Thread.onSpinWait();
                    continue;
                }
                accepted.incrementAndGet();
                open.add(future);
                if (random.nextInt(20) == 0) {
                    future.cancel(false);
                }
            }
            senders.countDown();
        }

        private void read() {
            long last = 0;
            try {
                while (over.getCount() > 0) {
                    Outgoing books = ledger.read();
                    assertReconciled(books);
                    assertTrue(books.accepted() >= last, "it never shrinks");
                    assertTrue(books.pending() <= 50, books::toString);
                    last = books.accepted();
                    readings.incrementAndGet();
                }
            } catch (Throwable e) {
                wrong.set(e);
            }
        }

        /** One turn, and the next. */
        private void answer() {
            loop.execute(() -> {
                Random random = new Random();
                for (Send send = outbox.next(); send != null; send = outbox.next()) {
                    switch (random.nextInt(10)) {
                        case 0 -> send.fail(lost);
                        case 1 -> outbox.rewind();
                        default -> {
                            send.succeed();
                            answered.incrementAndGet();
                        }
                    }
                }
                if (over.getCount() > 0) {
                    answer();
                }
            });
        }

        private void end(List<Thread> threads) throws Exception {
            over.countDown();
            for (Thread each : threads) {
                each.join(TimeUnit.SECONDS.toMillis(20));
            }
            loop.submit(() -> outbox.end(closed, closed)).get(20, TimeUnit.SECONDS);
            for (CompletableFuture<Void> each : open) {
                each.handle((nothing, error) -> null).get(20, TimeUnit.SECONDS);
            }
            loops.shutdownGracefully(0, 20, TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }

    @Test
    void whatNoEventLoopWillEverSeeIsCancelledInTheBooks() {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
        Ledger ledger = new Ledger();
        Outbox stranded = new Outbox(
                loops.next(),
                new Callbacks(Runnable::run),
                UpstreamOptions.forHub("h").outbox(1, 10).build(),
                new SharedRoom(1 << 30),
                () -> {},
                System::nanoTime,
                ledger);
        loops.shutdownGracefully(0, 0, TimeUnit.SECONDS);
        assertTrue(loops.terminationFuture().awaitUninterruptibly(10, TimeUnit.SECONDS));
        for (int i = 0; i < 3; i++) {
            stranded.submit(Telemetry.of(new byte[5]));
        }
        Outgoing books = ledger.read();
        assertReconciled(books);
        assertEquals(3, books.accepted());
        assertEquals(3, books.cancelled());
        assertEquals(0, books.pendingBytes());
        assertEquals(0, books.rejected());
    }

    @Test
    void nothingIsAcceptedOnceTheBooksAreClosed() {
        Ledger ledger = new Ledger();
        assertTrue(ledger.accept(1, 10, 10));
        ledger.close();
        assertTrue(!ledger.accept(1, 10, 10));
        assertEquals(1, ledger.read().accepted());
        assertEquals(1, ledger.pending());
    }

    @Test
    void tellsHowLongAcknowledgementsTook() {
        EmbeddedChannel channel = new EmbeddedChannel();
        AtomicLong clock = new AtomicLong(1_000);
        Ledger ledger = new Ledger();
        Outbox outbox = new Outbox(
                channel.eventLoop(),
                new Callbacks(Runnable::run),
                UpstreamOptions.forHub("h").build(),
                new SharedRoom(1 << 30),
                () -> {},
                clock::get,
                ledger);
        Iterator<Integer> sizes = List.of(3, 4).iterator();
        outbox.submit(Telemetry.of(new byte[sizes.next()]));
        outbox.submit(Telemetry.of(new byte[sizes.next()]));
        channel.runPendingTasks();
        Send first = outbox.next();
        Send second = outbox.next();
        assertEquals(2, ledger.read().inFlight());
        clock.addAndGet(500);
        first.succeed();
        second.fail(lost);
        channel.runPendingTasks();

        Outgoing books = ledger.read();
        assertEquals(Duration.ofNanos(500), books.acknowledgedAfter());
        assertEquals(3, books.acknowledgedBytes());
        assertEquals(0, books.inFlight());
        channel.finishAndReleaseAll();
    }
}
