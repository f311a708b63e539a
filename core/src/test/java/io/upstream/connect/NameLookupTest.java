// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamRuntime;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Lookups whose threads run when the test says so, by a clock that the test moves. */
class NameLookupTest {
    private final EmbeddedChannel loop = new EmbeddedChannel();
    private final Deque<Runnable> threads = new ArrayDeque<>();

    @BeforeEach
    void stopTheClock() {
        loop.freezeTime();
    }

    @AfterEach
    void close() {
        loop.close();
    }

    private static InetAddress[] loopback(String host) throws UnknownHostException {
        return new InetAddress[] {InetAddress.getByAddress(host, new byte[] {127, 0, 0, 1})};
    }

    private CompletableFuture<List<InetAddress>> look(NameLookup names, String host) {
        return names.addressesOf(host, loop.eventLoop()).toCompletableFuture();
    }

    private static Throwable failureOf(CompletableFuture<?> outcome) {
        assertTrue(outcome.isDone());
        return assertThrows(ExecutionException.class, outcome::get).getCause();
    }

    /** P23: the name servers are asked for each attempt. */
    @Test
    void allWhoAskForANameShareOneThread() throws Exception {
        NameLookup names = new NameLookup(threads::add, NameLookupTest::loopback);
        CompletableFuture<List<InetAddress>> one = look(names, "a.test");
        CompletableFuture<List<InetAddress>> other = look(names, "a.test");
        assertEquals(1, threads.size());

        threads.remove().run();
        assertFalse(one.isDone(), "completes on the event loop only");
        loop.runPendingTasks();
        assertEquals("/127.0.0.1", one.get().get(0).toString().replace("a.test", ""));
        assertEquals(one.get(), other.get());

        look(names, "a.test");
        assertEquals(1, threads.size(), "asked again, nothing was kept");
    }

    @Test
    void aNameThatHangsDoesNotKeepOthersFromTheirThreads() throws Exception {
        NameLookup names = new NameLookup(threads::add, NameLookupTest::loopback);
        for (int i = 0; i < 1_000; i++) {
            look(names, "hangs.test");
        }
        CompletableFuture<List<InetAddress>> other = look(names, "works.test");
        assertEquals(2, threads.size());
        threads.removeLast().run();
        loop.runPendingTasks();
        assertEquals(1, other.get().size());
    }

    /** P11: the row of name resolution. */
    @Test
    void nobodyWaitsLongerThanTheLimit() {
        List<CompletableFuture<List<InetAddress>>> asked = new ArrayList<>();
        NameLookup[] names = new NameLookup[1];
        names[0] = new NameLookup(threads::add, host -> {
            pass(NameLookup.LIMIT.toMillis() - 1);
            assertFalse(asked.get(0).isDone());
            asked.add(look(names[0], host));
            pass(1);
            assertTrue(asked.get(0).isDone(), "while the resolver is still at it");
            return loopback(host);
        });
        asked.add(look(names[0], "hangs.test"));
        threads.remove().run();

        UpstreamException failure =
                Failures.translate(failureOf(asked.get(0)), new Where("resolve", "proxy hangs.test:3128"));
        assertEquals(FailureKind.DNS, failure.kind());
        assertTrue(failure.getMessage().contains("no answer from the name servers within 5 s"), failure.getMessage());
        CompletableFuture<List<InetAddress>> late = asked.get(1);
        assertFalse(late.isDone(), "whoever came later has a limit of its own");
        loop.runPendingTasks();
        assertTrue(late.isDone());
    }

    private void pass(long millis) {
        loop.advanceTimeBy(millis, TimeUnit.MILLISECONDS);
        loop.runScheduledPendingTasks();
    }

    @ParameterizedTest
    @ValueSource(strings = {"127.0.0.1", "::1", "fe80::1"})
    void looksUpNoLiteral(String literal) throws Exception {
        NameLookup names = new NameLookup(
                step -> {
                    throw new AssertionError("a thread was asked for");
                },
                InetAddress::getAllByName);
        assertEquals(InetAddress.getByName(literal), look(names, literal).get().get(0));
    }

    @Test
    void passesOnWhatTheResolverSays() {
        NameLookup names = new NameLookup(threads::add, host -> {
            throw new UnknownHostException(host + ": Name or service not known");
        });
        CompletableFuture<List<InetAddress>> outcome = look(names, "nowhere.test");
        threads.remove().run();
        loop.runPendingTasks();
        assertInstanceOf(UnknownHostException.class, failureOf(outcome));
    }

    @Test
    void aNameWithoutAddressIsAFailure() {
        NameLookup names = new NameLookup(threads::add, host -> new InetAddress[0]);
        CompletableFuture<List<InetAddress>> outcome = look(names, "empty.test");
        threads.remove().run();
        loop.runPendingTasks();
        assertInstanceOf(UnknownHostException.class, failureOf(outcome));
    }

    @Test
    void saysThatThereIsNoThread() {
        NameLookup names = new NameLookup(
                step -> {
                    throw new RejectedExecutionException("full");
                },
                NameLookupTest::loopback);
        CompletableFuture<List<InetAddress>> outcome = look(names, "a.test");
        loop.runPendingTasks();
        assertEquals(FailureKind.INTERNAL, ((UpstreamException) failureOf(outcome)).kind());
    }

    /** P38: names. */
    @ParameterizedTest
    @ValueSource(strings = {"error", "linkage", "memory"})
    void anErrorOfTheResolverReachesWhoWaitsAndLeavesNothing(String kind) throws Exception {
        Error thrown = switch (kind) {
            case "error" -> new AssertionError("thrown on purpose by a test");
            case "linkage" -> new NoClassDefFoundError("thrown on purpose by a test");
            default -> new OutOfMemoryError("thrown on purpose by a test");
        };
        Deque<Error> errors = new ArrayDeque<>(List.of(thrown));
        NameLookup names = new NameLookup(threads::add, host -> {
            if (!errors.isEmpty()) {
                throw errors.remove();
            }
            return loopback(host);
        });
        CompletableFuture<List<InetAddress>> outcome = look(names, "a.test");
        threads.remove().run();
        loop.runPendingTasks();
        assertSame(thrown, failureOf(outcome));

        CompletableFuture<List<InetAddress>> again = look(names, "a.test");
        threads.remove().run();
        loop.runPendingTasks();
        assertEquals(1, again.get().size());
    }

    @Test
    void whoHasGivenUpIsForgottenWhileTheNameHangs() {
        NameLookup names = new NameLookup(threads::add, NameLookupTest::loopback);
        for (int round = 0; round < 3; round++) {
            CompletableFuture<List<InetAddress>> last = look(names, "hangs.test");
            for (int i = 1; i < NameLookup.MAX_WAITING; i++) {
                last = look(names, "hangs.test");
            }
            UpstreamException full = (UpstreamException) failureOf(look(names, "hangs.test"));
            assertEquals(FailureKind.INTERNAL, full.kind());
            assertEquals("here", full.hop());
            pass(NameLookup.LIMIT.toMillis());
            assertInstanceOf(UnknownHostException.class, failureOf(last));
        }
        assertEquals(1, threads.size(), "one thread, however often it is asked");
    }

    @Test
    void saysThatOtherNamesHoldAllThreadsAndAsksNobodyForWhoHasLeft() throws Exception {
        List<String> asked = new ArrayList<>();
        NameLookup names = new NameLookup(threads::add, host -> {
            asked.add(host);
            return loopback(host);
        });
        for (int i = 0; i < NameLookup.MAX_ASKED; i++) {
            look(names, "hangs-" + i + ".test");
        }
        CompletableFuture<List<InetAddress>> outcome = look(names, "waits.test");
        assertEquals(NameLookup.MAX_ASKED, threads.size());
        pass(NameLookup.LIMIT.toMillis());
        assertTrue(
                String.valueOf(failureOf(outcome).getMessage())
                        .startsWith("all threads that look names up wait for name servers that do not answer"),
                String.valueOf(failureOf(outcome).getMessage()));

        CompletableFuture<List<InetAddress>> later = look(names, "later.test");
        threads.remove().run();
        loop.runPendingTasks();
        assertEquals(List.of("hangs-0.test", "later.test"), asked);
        assertEquals(1, later.get().size());
        look(names, "waits.test");
        threads.removeLast().run();
        assertTrue(asked.contains("waits.test"), "asked again for who comes later");
    }

    /** Name servers that are silent for a minute, as in a hole of the network: 31 names hang, one more is looked up at once. */
    @Test
    void silentNameServersDoNotDelayAnotherName() throws Exception {
        CountDownLatch over = new CountDownLatch(1);
        CountDownLatch hanging = new CountDownLatch(31);
        try (UpstreamRuntime runtime = UpstreamRuntime.builder().threads(1).build()) {
            NameLookup names = new NameLookup(runtime.resolving(), host -> {
                if (host.startsWith("hangs")) {
                    hanging.countDown();
                    awaitOrFail(over);
                }
                return loopback(host);
            });
            EventLoop real = runtime.unwrap(EventLoopGroup.class).next();
            try {
                for (int i = 0; i < 31; i++) {
                    names.addressesOf("hangs-" + i + ".test", real);
                }
                assertTrue(hanging.await(20, TimeUnit.SECONDS));
                CompletableFuture<List<InetAddress>> other =
                        names.addressesOf("works.test", real).toCompletableFuture();
                // no sooner than that would it say that no thread was free
                assertEquals(
                        1,
                        other.get(NameLookup.LIMIT.toMillis(), TimeUnit.MILLISECONDS)
                                .size());
            } finally {
                over.countDown();
            }
        }
    }

    private static void awaitOrFail(CountDownLatch latch) throws UnknownHostException {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new UnknownHostException("nobody ended the silence");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UnknownHostException("interrupted");
        }
    }
}
