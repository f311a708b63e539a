// SPDX-License-Identifier: Apache-2.0
package io.upstream.connect;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.FailureKind;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
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

    @Test
    void nobodyWaitsLongerThanTheLimit() {
        NameLookup names = new NameLookup(threads::add, NameLookupTest::loopback);
        CompletableFuture<List<InetAddress>> outcome = look(names, "hangs.test");
        loop.advanceTimeBy(NameLookup.LIMIT.toMillis() - 1, TimeUnit.MILLISECONDS);
        loop.runScheduledPendingTasks();
        CompletableFuture<List<InetAddress>> late = look(names, "hangs.test");
        assertFalse(outcome.isDone());
        loop.advanceTimeBy(1, TimeUnit.MILLISECONDS);
        loop.runScheduledPendingTasks();

        UpstreamException failure =
                Failures.translate(failureOf(outcome), new Where("resolve", "proxy hangs.test:3128"));
        assertEquals(FailureKind.DNS, failure.kind());
        assertTrue(failure.getMessage().contains("no answer from the name servers within 5 s"), failure.getMessage());
        assertFalse(late.isDone(), "whoever came later has a limit of its own");
        threads.remove().run();
        loop.runPendingTasks();
        assertTrue(late.isDone());
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
}
