// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.upstream.Telemetry;
import io.upstream.UpstreamOptions;
import io.upstream.watch.Ledger;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Threads that wait, that give up, that attach code and the event loop that answers, all at the same moment. */
class SendRaceTest {
    private static final int ROUNDS = 5_000;
    private static final long LIMIT_SECONDS = 20;

    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final ExecutorService callbacks = Executors.newSingleThreadExecutor();
    private final ExecutorService threads = Executors.newFixedThreadPool(3);
    private final Outbox outbox = new Outbox(
            loop,
            new Callbacks(callbacks),
            UpstreamOptions.forHub("h").build(),
            new SharedRoom(Long.MAX_VALUE),
            () -> {},
            System::nanoTime);
    private final AtomicInteger onLoop = new AtomicInteger();
    private final AtomicInteger ran = new AtomicInteger();

    @AfterEach
    void close() {
        threads.shutdownNow();
        callbacks.shutdownNow();
        loops.shutdownGracefully(0, LIMIT_SECONDS, TimeUnit.SECONDS).awaitUninterruptibly();
    }

    private void dependent() {
        ran.incrementAndGet();
        if (loop.inEventLoop()) {
            onLoop.incrementAndGet();
        }
    }

    /** Some time after the others, another in each round. */
    private static void hesitate(int steps) {
        for (int i = 0; i < steps; i++) {
            Thread.onSpinWait();
        }
    }

    private static boolean answeredWithin(Future<Void> send, long micros) throws Exception {
        try {
            send.get(micros, TimeUnit.MICROSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    private static void answerAll(Outbox of) {
        for (Send send = of.next(); send != null; send = of.next()) {
            send.succeed();
        }
    }

    /** P1, P15: the application's code, whoever wins the race. */
    @Test
    void everySendIsCompletedAndRunsNoCodeOfTheApplicationOnTheEventLoop() throws Exception {
        Phaser together = new Phaser(4);
        for (int round = 0; round < ROUNDS; round++) {
            int moment = round % 100;
            CompletableFuture<Void> send =
                    outbox.submit(Telemetry.of(new byte[1])).toCompletableFuture();
            List<Callable<Object>> work = List.of(send::join, () -> answeredWithin(send, moment), () -> {
                hesitate(100 * moment);
                return send.thenRun(this::dependent);
            });
            List<Future<Object>> done = new ArrayList<>();
            for (Callable<Object> one : work) {
                done.add(threads.submit(() -> {
                    together.arriveAndAwaitAdvance();
                    return one.call();
                }));
            }
            together.arriveAndAwaitAdvance();
            loop.execute(() -> answerAll(outbox));
            for (Future<Object> one : done) {
                one.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            }
        }
        callbacks.submit(() -> {}).get(LIMIT_SECONDS, TimeUnit.SECONDS);
        assertEquals(ROUNDS, ran.get());
        assertEquals(0, onLoop.get());
        assertTrue(outbox.isEmpty());
    }

    /** P16: nobody looks after the outbox but who is woken by it. */
    @Test
    void losesNoWakeUpHoweverThreadsMeet() throws Exception {
        Ledger ledger = new Ledger();
        Outbox[] self = new Outbox[1];
        Outbox woken = new Outbox(
                loop,
                new Callbacks(callbacks),
                UpstreamOptions.forHub("h").build(),
                new SharedRoom(Long.MAX_VALUE),
                () -> answerAll(self[0]),
                System::nanoTime,
                ledger);
        self[0] = woken;
        List<Future<?>> senders = new ArrayList<>();
        for (int sender = 0; sender < 3; sender++) {
            senders.add(threads.submit(() -> {
                for (int i = 0; i < ROUNDS; i++) {
                    Future<Void> send = woken.submit(Telemetry.of(new byte[1])).toCompletableFuture();
                    hesitate(i % 200);
                    send.get(LIMIT_SECONDS, TimeUnit.SECONDS);
                }
                return null;
            }));
        }
        for (Future<?> each : senders) {
            each.get(2 * LIMIT_SECONDS, TimeUnit.SECONDS);
        }
        assertEquals(3 * ROUNDS, ledger.read().acknowledged());
        assertEquals(0, ledger.read().stalls());
    }
}
