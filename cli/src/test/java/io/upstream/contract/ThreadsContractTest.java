// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.EventExecutor;
import io.upstream.Credentials;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.Route;
import io.upstream.SasKey;
import io.upstream.SasTokenProvider;
import io.upstream.Telemetry;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.emulator.hub.CloudMessageState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Which threads do what, how many there are, and who has to wait for whom. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#devices")
class ThreadsContractTest extends SessionContract {
    private static final Reconnect QUICK = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));

    /** One event loop, two threads for callbacks, four for what blocks and four for names. */
    private static final int MOST_THREADS = 11;

    /** More than there are threads for callbacks. */
    private static final int BLOCKED = 4;

    private static final int CALLS = 200;

    /** Holds up the only event loop of a runtime until it is closed. */
    private static final class StuckLoop implements AutoCloseable {
        private final CountDownLatch over = new CountDownLatch(1);
        private final CountDownLatch freed = new CountDownLatch(1);

        private StuckLoop(UpstreamRuntime runtime) throws InterruptedException {
            CountDownLatch stuck = new CountDownLatch(1);
            runtime.unwrap(EventLoopGroup.class).next().execute(() -> {
                stuck.countDown();
                try {
                    over.await(4 * SOON.toSeconds(), TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
                freed.countDown();
            });
            assertTrue(stuck.await(SOON.toSeconds(), TimeUnit.SECONDS));
        }

        @Override
        public void close() {
            over.countDown();
        }
    }

    private static UpstreamRuntime ownRuntime() {
        return UpstreamRuntime.builder().threads(1).build();
    }

    /** P10: every call returns while the event loop is stuck, 99 of 100 within a millisecond, also on a busy machine. */
    @Test
    void noCallWaitsForTheEventLoop() throws Exception {
        try (UpstreamRuntime runtime = ownRuntime()) {
            UpstreamTransport transport = transport(options -> options, runtime);
            UpstreamSession session = open(transport, subject);
            storm(transport, session, CALLS); // warms up
            long[] nanos;
            try (StuckLoop stuck = new StuckLoop(runtime)) {
                nanos = storm(transport, session, CALLS);
                transport.open(subject.identity(), subject.credentials());
                session.close(Duration.ZERO);
                transport.close(Duration.ZERO);
                assertEquals(1, stuck.freed.getCount(), "the event loop is still stuck");
            }
            get(session.close(SOON));
            Arrays.sort(nanos);
            long most = nanos[nanos.length * 99 / 100];
            assertTrue(most < Duration.ofMillis(1).toNanos(), most + " ns");
        }
    }

    /** How long each call took. */
    private static long[] storm(UpstreamTransport transport, UpstreamSession session, int rounds) {
        Telemetry telemetry = Telemetry.json("{}");
        List<Runnable> calls = List.of(
                () -> session.send(telemetry),
                () -> session.sendBatch(List.of(telemetry, telemetry)),
                session::permit,
                session::probe,
                session::twin,
                () -> session.report("{}"),
                () -> session.report("{}", 1),
                () -> session.onMessage(MessageHandler.completing(message -> {})),
                () -> session.onMethod(request -> MethodResponse.ok()),
                () -> session.onDesiredChange(change -> {}),
                session::status,
                session::statistics,
                () -> session.onStatus(status -> {}),
                () -> session.onGap(gap -> {}),
                transport::networkChanged,
                transport::statistics);
        long[] nanos = new long[rounds * calls.size()];
        int at = 0;
        for (int i = 0; i < rounds; i++) {
            for (Runnable call : calls) {
                long start = System.nanoTime();
                call.run();
                nanos[at++] = System.nanoTime() - start;
            }
        }
        return nanos;
    }

    /** P15: providers, choices, handlers, listeners, observers and what depends on futures. */
    @Test
    void nothingOfTheApplicationRunsOnAnEventLoop() throws Exception {
        Set<String> ran = new ConcurrentSkipListSet<>();
        Set<String> onLoop = new ConcurrentSkipListSet<>();
        UpstreamRuntime[] runtime = new UpstreamRuntime[1];
        Notes notes = what -> {
            ran.add(what);
            if (isOnLoop(runtime[0])) {
                onLoop.add(what);
            }
        };
        try (UpstreamRuntime own = UpstreamRuntime.builder()
                .threads(1)
                .observer(event -> notes.note("observer"))
                .build()) {
            runtime[0] = own;
            UpstreamTransport transport = transport(
                    options -> options.reconnect(QUICK).proxy(target -> {
                        notes.note("proxy");
                        return List.of(Route.DIRECT);
                    }),
                    own);
            UpstreamSession session =
                    get(transport.open(subject.identity(), provider(notes)).thenApply(opened -> {
                        notes.note("open");
                        return opened;
                    }));
            useEverything(session, notes);
        }
        assertEquals(Set.of(), onLoop);
        assertEquals(
                new TreeSet<>(Set.of(
                        "observer",
                        "proxy",
                        "token",
                        "open",
                        "status",
                        "gap",
                        "message",
                        "method",
                        "desired",
                        "send",
                        "twin",
                        "report",
                        "probe",
                        "close")),
                ran);
    }

    private interface Notes {
        void note(String what);
    }

    private static boolean isOnLoop(UpstreamRuntime runtime) {
        return StreamSupport.stream(runtime.unwrap(EventLoopGroup.class).spliterator(), false)
                .anyMatch(EventExecutor::inEventLoop);
    }

    private Credentials provider(Notes notes) {
        SasKey key = (SasKey) subject.credentials();
        SasTokenProvider provider = request -> {
            notes.note("token");
            return CompletableFuture.completedFuture(key.sign(request.hubHost(), request.identity(), Instant.now()));
        };
        return provider;
    }

    private void useEverything(UpstreamSession session, Notes notes) throws Exception {
        CountDownLatch gap = new CountDownLatch(1);
        CountDownLatch desired = new CountDownLatch(1);
        session.onStatus(status -> notes.note("status"));
        session.onGap(over -> {
            notes.note("gap");
            gap.countDown();
        });
        get(session.onMessage(MessageHandler.completing(message -> notes.note("message"))));
        get(session.onMethod(request -> {
            notes.note("method");
            return MethodResponse.ok();
        }));
        get(session.onDesiredChange(change -> {
            notes.note("desired");
            desired.countDown();
        }));
        subject.closeConnections();
        assertTrue(gap.await(SOON.toSeconds(), TimeUnit.SECONDS));
        get(session.send(Telemetry.json("{}")).thenRun(() -> notes.note("send")));
        get(session.twin().thenRun(() -> notes.note("twin")));
        get(session.report("{}").thenRun(() -> notes.note("report")));
        get(session.probe().thenRun(() -> notes.note("probe")));
        assertEquals(CloudMessageState.COMPLETED, subject.send("m").awaitOutcome(SOON));
        assertEquals(200, get(subject.call("m", "{}")).status());
        subject.patchDesired("{\"a\":1}");
        assertTrue(desired.await(SOON.toSeconds(), TimeUnit.SECONDS));
        get(session.close(SOON).thenRun(() -> notes.note("close")));
    }

    /** P32: twenty identities that lose their connections twice have the threads of one. */
    @Test
    void theNumberOfThreadsDependsOnNothing() throws Exception {
        Set<Thread> before = threads();
        try (UpstreamRuntime runtime = ownRuntime()) {
            UpstreamTransport transport = transport(options -> options.reconnect(QUICK), runtime);
            List<Subject> subjects = new ArrayList<>();
            List<UpstreamSession> sessions = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                subjects.add(site.newSubject(speaker.role()));
                sessions.add(open(transport, subjects.get(i)));
            }
            for (int loss = 1; loss <= 2; loss++) {
                CountDownLatch lost = new CountDownLatch(sessions.size());
                CountDownLatch back = new CountDownLatch(sessions.size());
                for (UpstreamSession session : sessions) {
                    List<Phase> told = Collections.synchronizedList(new ArrayList<>());
                    session.onStatus(status -> {
                        told.add(status.phase());
                        if (status.phase() == Phase.RECONNECTING) {
                            lost.countDown();
                        } else if (status.phase() == Phase.CONNECTED && told.contains(Phase.RECONNECTING)) {
                            back.countDown();
                        }
                    });
                }
                subjects.forEach(Subject::closeConnections);
                assertTrue(lost.await(SOON.toSeconds(), TimeUnit.SECONDS));
                assertTrue(back.await(SOON.toSeconds(), TimeUnit.SECONDS));
            }
            for (UpstreamSession session : sessions) {
                get(session.send(Telemetry.json("{}")));
            }
            Set<Thread> more = new HashSet<>(threads());
            more.removeAll(before);
            List<String> names = more.stream().map(Thread::getName).sorted().toList();
            assertTrue(names.size() <= MOST_THREADS, names::toString);
        }
    }

    private static Set<Thread> threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("upstream"))
                .collect(Collectors.toSet());
    }

    /** P33: handlers that never answer hold up their own sessions only, also on a connection that is shared, and more of them than there are threads. */
    @Test
    void handlersThatBlockHoldUpNoOtherIdentity() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        UpstreamTransport transport = transport(options -> options, site.runtime); // two threads for callbacks
        List<CompletableFuture<Void>> own = new ArrayList<>();
        for (int i = 0; i < BLOCKED; i++) {
            own.add(block(transport, i == 0 ? subject : site.newSubject(speaker.role()), over));
        }
        Subject neighbour = site.newSubject(speaker.role());
        UpstreamSession session = open(transport, neighbour);
        get(session.onMessage(MessageHandler.completing(message -> {})));
        get(session.onMethod(request -> MethodResponse.ok()));
        List<CompletionStage<Void>> sent = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            sent.add(session.send(Telemetry.json("" + i)));
        }
        for (CompletionStage<Void> each : sent) {
            get(each);
        }
        get(session.twin());
        assertEquals(CloudMessageState.COMPLETED, neighbour.send("m").awaitOutcome(SOON));
        assertEquals(200, get(neighbour.call("m", "{}")).status());
        for (CompletableFuture<Void> each : own) {
            assertFalse(each.isDone(), "callbacks of one session come one after the other");
        }
        over.countDown();
        for (CompletableFuture<Void> each : own) {
            get(each);
        }
    }

    /** Opens a session whose handler blocks until {@code over}; gives what only its next callback completes. */
    private CompletableFuture<Void> block(UpstreamTransport transport, Subject slow, CountDownLatch over)
            throws Exception {
        CountDownLatch entered = new CountDownLatch(1);
        UpstreamSession session = open(transport, slow);
        get(session.onMessage(MessageHandler.completing(message -> {
            entered.countDown();
            try {
                over.await(4 * SOON.toSeconds(), TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        })));
        slow.send("m");
        assertTrue(entered.await(SOON.toSeconds(), TimeUnit.SECONDS));
        return session.send(Telemetry.json("{}")).thenRun(() -> {}).toCompletableFuture();
    }
}
