// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.CloudMessage;
import io.upstream.DesiredChange;
import io.upstream.FailureKind;
import io.upstream.MethodResponse;
import io.upstream.NetworkException;
import io.upstream.Phase;
import io.upstream.Reconnect;
import io.upstream.Route;
import io.upstream.SessionStatus;
import io.upstream.Settlement;
import io.upstream.Telemetry;
import io.upstream.Twin;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What the rest of the contract says holds on the next connection, too, and the one after that. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class ReturnContractTest extends SessionContract {
    private static final Reconnect SOON_AGAIN = new Reconnect(Duration.ofMillis(20), Duration.ofMillis(200));
    private static final Reconnect SELDOM = new Reconnect(Duration.ofHours(24), Duration.ofHours(24));

    /** Closed while the test does something that shall be done while there is no connection. */
    private volatile CountDownLatch gate = new CountDownLatch(0);

    private final BlockingQueue<SessionStatus> told = new LinkedBlockingQueue<>();
    private final BlockingQueue<DesiredChange> changes = new LinkedBlockingQueue<>();
    private final BlockingQueue<String> messages = new LinkedBlockingQueue<>();

    /** With a handler for everything, each confirmed. */
    private UpstreamSession openWithHandlers(Reconnect policy) throws Exception {
        UpstreamSession session = open(options -> options.reconnect(policy).proxy(target -> {
            pass();
            return List.of(Route.DIRECT);
        }));
        session.onStatus(told::add);
        assertEquals(Phase.CONNECTED, next(told).phase());
        List<CompletionStage<Void>> confirmed = List.of(
                session.onMessage(this::settle),
                session.onMethod(request -> MethodResponse.of(201, "\"" + request.name() + "\"")),
                session.onDesiredChange(changes::add));
        for (CompletionStage<Void> each : confirmed) {
            get(each);
        }
        return session;
    }

    /** Where each attempt begins. */
    private void pass() {
        try {
            gate.await(SOON.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterEach
    void openGate() {
        gate.countDown();
    }

    /** Until {@link #openGate}. */
    private void loseForLong() throws Exception {
        gate = new CountDownLatch(1);
        lose();
    }

    private CompletionStage<Settlement> settle(CloudMessage message) {
        messages.add(text(message.payload()));
        return CompletableFuture.completedFuture(Settlement.COMPLETE);
    }

    private UpstreamException lose() throws Exception {
        subject.closeConnections();
        SessionStatus lost = next(told);
        assertEquals(Phase.RECONNECTING, lost.phase());
        UpstreamException cause = lost.cause();
        assertNotNull(cause);
        return cause;
    }

    private void awaitReturn() throws Exception {
        for (SessionStatus status = next(told); status.phase() != Phase.CONNECTED; status = next(told)) {
            assertEquals(Phase.RECONNECTING, status.phase());
        }
    }

    @Test
    void everyOperationWorksOnTheConnectionsThatFollow() throws Exception {
        UpstreamSession session = openWithHandlers(SOON_AGAIN);
        for (int round = 1; round <= 3; round++) {
            assertTrue(lose().isTransient());
            awaitReturn();
            doesEverything(session, round);
        }
        assertAlive(session);
    }

    private void doesEverything(UpstreamSession session, int round) throws Exception {
        get(session.send(Telemetry.json("" + round).property("round", "" + round)));
        for (CompletionStage<Void> each : session.sendBatch(List.of(Telemetry.json("1"), Telemetry.json("2")))) {
            get(each);
        }
        assertEquals(3 * round, subject.telemetry(3 * round).size());
        long reported = get(session.report("{\"round\":" + round + "}"));
        Twin twin = get(session.twin());
        assertEquals(reported, twin.reportedVersion());
        MethodAnswer answer = calledUntilItListens("m" + round);
        assertEquals(201, answer.status());
        SentMessage sent = subject.send("down " + round);
        assertEquals("down " + round, next(messages));
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SOON));
        desiredChangeComes(session, round);
    }

    /** The handler is in place again soon after the connection is: until then the hub says that nobody listens. */
    private MethodAnswer calledUntilItListens(String method) throws Exception {
        long end = System.nanoTime() + SOON.toNanos();
        while (true) {
            try {
                return get(subject.call(method, ""));
            } catch (ExecutionException e) {
                if (System.nanoTime() - end > 0) {
                    throw e;
                }
            }
        }
    }

    /** As a patch, or, if it was made before the hub knew that the session listens again, among all properties. */
    private void desiredChangeComes(UpstreamSession session, int round) throws Exception {
        long version = subject.patchDesired("{\"round\":" + round + "}");
        for (DesiredChange change = next(changes); change.version() < version; change = next(changes)) {
            assertFalse(change.version() > version);
        }
        assertEquals(version, get(session.twin()).desiredVersion());
    }

    @Test
    void whatIsAskedWhileThereIsNoConnectionIsDoneOnTheNext() throws Exception {
        UpstreamSession session = openWithHandlers(SOON_AGAIN);
        long before = get(session.twin()).desiredVersion();
        loseForLong();
        long changed = subject.patchDesired("{\"meanwhile\":true}");
        assertEquals(before + 1, changed);
        SentMessage sent = subject.send("meanwhile");
        CompletionStage<Void> send = session.send(Telemetry.json("1"));
        CompletionStage<Twin> twin = session.twin();
        CompletionStage<Long> report = session.report("{\"away\":true}");
        CompletionStage<Void> handler = session.onMethod(request -> MethodResponse.of(202));
        assertEquals(Phase.RECONNECTING, session.status().phase());
        assertTrue(Stream.of(send, twin, report, handler)
                .noneMatch(each -> each.toCompletableFuture().isDone()));
        openGate();
        awaitReturn();
        get(send);
        assertEquals(changed, get(twin).desiredVersion());
        assertTrue(get(report) > 0);
        get(handler);
        assertEquals(202, calledUntilItListens("later").status());
        assertEquals("meanwhile", next(messages));
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SOON));
        assertEquals(1, subject.telemetry(1).size());
    }

    @Test
    void tellsAllDesiredPropertiesWhenSomeHaveChangedInTheGap() throws Exception {
        UpstreamSession session = openWithHandlers(SOON_AGAIN);
        get(session.twin());
        subject.patchDesired("{\"old\":1,\"gone\":1}");
        assertFalse(next(changes).complete());
        loseForLong();
        subject.patchDesired("{\"gone\":null}");
        long last = subject.patchDesired("{\"fresh\":2}");
        openGate();
        awaitReturn();
        DesiredChange all = next(changes);
        assertTrue(all.complete());
        assertEquals(last, all.version());
        assertEquals("{\"old\":1,\"fresh\":2,\"$version\":" + last + "}", all.patch());
        long later = subject.patchDesired("{\"fresh\":3}");
        DesiredChange patch = next(changes);
        assertEquals(later, patch.version());
        assertFalse(patch.complete());
    }

    @Test
    void tellsNothingWhenNothingHasChangedInTheGap() throws Exception {
        UpstreamSession session = openWithHandlers(SOON_AGAIN);
        long version = get(session.twin()).desiredVersion();
        lose();
        awaitReturn();
        assertEquals(version, get(session.twin()).desiredVersion());
        long next = subject.patchDesired("{\"a\":1}");
        DesiredChange first = next(changes);
        assertEquals(next, first.version());
    }

    @Test
    void endsWithItsConnectionIfItIsAskedTo() throws Exception {
        UpstreamSession session = openWithHandlers(Reconnect.NEVER);
        subject.closeConnections();
        SessionStatus last = next(told);
        assertEquals(Phase.CLOSED, last.phase());
        assertNotNull(last.cause());
        assertTrue(failure(session.send(Telemetry.json("1"))) instanceof NetworkException);
        get(session.close(Duration.ZERO));
    }

    @Test
    void closesWhileItIsAway() throws Exception {
        UpstreamSession session = openWithHandlers(SOON_AGAIN);
        loseForLong();
        CompletionStage<Void> send = session.send(Telemetry.json("1"));
        get(session.close(Duration.ZERO));
        assertEquals(FailureKind.CLOSED, failure(send).kind());
        assertEquals(Phase.CLOSED, session.status().phase());
    }

    @Test
    void deliversTheLastMessagesWhenItComesBackWithinTheDrain() throws Exception {
        UpstreamSession session = openWithHandlers(SOON_AGAIN);
        loseForLong();
        CompletionStage<Void> send = session.send(Telemetry.json("1"));
        CompletionStage<Void> closed = session.close(Duration.ofSeconds(15));
        openGate();
        get(closed);
        get(send);
        assertEquals(1, subject.telemetry(1).size());
    }

    /** P1: also when the event loops end. */
    @Test
    void everythingThatWaitsIsOverWhenTheRuntimeIsClosedInAPause() throws Exception {
        UpstreamRuntime own = UpstreamRuntime.builder().threads(1).build();
        UpstreamSession session = open(transport(options -> options.reconnect(SELDOM), own), subject);
        session.onStatus(told::add);
        assertEquals(Phase.CONNECTED, next(told).phase());
        lose();
        List<CompletionStage<?>> waiting = List.of(
                session.send(Telemetry.json("1")),
                session.twin(),
                session.report("{}"),
                session.onMessage(this::settle),
                session.onMethod(request -> MethodResponse.ok()),
                session.onDesiredChange(changes::add));
        assertTrue(waiting.stream().noneMatch(each -> each.toCompletableFuture().isDone()));
        own.close();
        for (CompletionStage<?> each : waiting) {
            assertEquals(FailureKind.CLOSED, failure(each).kind());
        }
        assertEquals(Phase.CLOSED, next(told).phase());
        get(session.close(SOON));
    }
}
