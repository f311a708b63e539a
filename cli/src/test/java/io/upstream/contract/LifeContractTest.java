// SPDX-License-Identifier: Apache-2.0
package io.upstream.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.BackpressureException;
import io.upstream.FailureKind;
import io.upstream.MessageHandler;
import io.upstream.MethodResponse;
import io.upstream.Phase;
import io.upstream.SessionStatus;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.SentMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** What a session takes on, what it gives back, and how it ends. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.upstream.contract.Speaker#all")
class LifeContractTest extends SessionContract {
    private static List<CompletionStage<Void>> send(UpstreamSession session, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> session.send(Telemetry.json("" + i)))
                .toList();
    }

    private static List<String> numbers(int count) {
        return IntStream.range(0, count).mapToObj(Integer::toString).toList();
    }

    @Test
    void isConnectedAsWhatItWasOpenedAs() throws Exception {
        UpstreamSession session = open();
        assertEquals(subject.identity(), session.identity());
        assertEquals(speaker.protocol(), session.protocol());
        assertAlive(session);
    }

    /** P28: messages and bytes, at once. */
    @Test
    void refusesAtOnceWhatGoesBeyondItsBounds() throws Exception {
        UpstreamSession session = open(options -> options.outbox(10, 1_000));
        List<CompletionStage<Void>> taken;
        try (Stall stall = Stall.of(site, subject)) {
            taken = send(session, 10);
            stall.awaitReached();
            CompletionStage<Void> eleventh = session.send(Telemetry.json("11"));
            assertTrue(eleventh.toCompletableFuture().isDone());
            assertEquals(
                    FailureKind.OUTBOX_FULL,
                    assertInstanceOf(BackpressureException.class, failure(eleventh))
                            .kind());
        }
        for (CompletionStage<Void> each : taken) {
            get(each);
        }
        try (Stall stall = Stall.of(site, subject)) {
            taken = List.of(session.send(Telemetry.of(new byte[600])));
            assertEquals(
                    FailureKind.OUTBOX_FULL,
                    failure(session.send(Telemetry.of(new byte[600]))).kind());
            stall.awaitReached();
        }
        get(taken.get(0));
        get(session.send(Telemetry.of(new byte[600])));
        subject.telemetry(12);
    }

    @Test
    void aBatchTakesAsManyAsThereIsRoomFor() throws Exception {
        UpstreamSession session = open(options -> options.outbox(5, 1_000_000));
        List<Telemetry> batch = numbers(8).stream().map(Telemetry::json).toList();
        List<CompletionStage<Void>> outcomes;
        try (Stall stall = Stall.of(site, subject)) {
            outcomes = session.sendBatch(batch);
            stall.awaitReached();
            for (CompletionStage<Void> each : outcomes.subList(5, 8)) {
                assertEquals(FailureKind.OUTBOX_FULL, failure(each).kind());
            }
        }
        for (CompletionStage<Void> each : outcomes.subList(0, 5)) {
            get(each);
        }
        assertEquals(numbers(5), subject.texts(5));
    }

    /** P9: on the event loop nothing is written between the two calls. */
    @Test
    void takesBackASendThatIsCancelledBeforeItIsWritten() throws Exception {
        try (UpstreamRuntime oneThread =
                UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build()) {
            UpstreamSession session = open(transport(options -> options, oneThread), subject);
            CompletableFuture<CompletionStage<Void>> cancelled = new CompletableFuture<>();
            try (Stall stall = Stall.of(site, subject)) {
                session.send(Telemetry.json("first")).thenRun(() -> {
                    CompletionStage<Void> send = session.send(Telemetry.json("never"));
                    send.toCompletableFuture().cancel(false);
                    cancelled.complete(send);
                });
                stall.awaitReached();
            }
            assertTrue(get(cancelled).toCompletableFuture().isCancelled());
            get(session.send(Telemetry.json("last")));
            assertEquals(List.of("first", "last"), subject.texts(2));
            session.close();
        }
    }

    @Test
    void closesWhenWhatIsUnderWayIsSettled() throws Exception {
        UpstreamSession session = open();
        List<CompletionStage<Void>> underWay;
        CompletionStage<Void> closing;
        try (Stall stall = Stall.of(site, subject)) {
            underWay = send(session, 20);
            stall.awaitReached();
            closing = session.close(SOON);
            assertFalse(underWay.get(19).toCompletableFuture().isDone());
        }
        get(closing);
        for (CompletionStage<Void> each : underWay) {
            get(each);
        }
        assertEquals(numbers(20), subject.texts(20));
        assertEquals(Phase.CLOSED, session.status().phase());
        assertNull(session.status().cause());
    }

    @Test
    void failsWhatIsNotSettledWhenTheDrainIsOver() throws Exception {
        UpstreamSession session = open();
        try (Stall stall = Stall.of(site, subject)) {
            List<CompletionStage<Void>> underWay = send(session, 3);
            stall.awaitReached();
            CompletionStage<Void> closing = session.close(Duration.ZERO);
            for (CompletionStage<Void> each : underWay) {
                assertEquals(FailureKind.CLOSED, failure(each).kind());
            }
            stall.letGo();
            get(closing);
        }
        assertEquals(Phase.CLOSED, session.status().phase());
    }

    @Test
    void refusesEverythingOnceItIsClosed() throws Exception {
        UpstreamSession session = open();
        get(session.close(SOON));
        List<CompletionStage<?>> late = new ArrayList<>(List.of(
                session.send(Telemetry.json("{}")),
                session.twin(),
                session.report("{}"),
                session.report("{}", 1),
                session.onMessage(MessageHandler.completing(message -> {})),
                session.onMethod(request -> MethodResponse.ok()),
                session.onDesiredChange(change -> {})));
        late.addAll(session.sendBatch(List.of(Telemetry.json("1"), Telemetry.json("2"))));
        for (CompletionStage<?> each : late) {
            UpstreamException error = failure(each);
            assertEquals(FailureKind.CLOSED, error.kind(), error.getMessage());
        }
        assertEquals(9, late.size());
    }

    /** P8: idempotent. */
    @Test
    void closesOnceHoweverOftenItIsAsked() throws Exception {
        UpstreamSession session = open();
        BlockingQueue<SessionStatus> told = new LinkedBlockingQueue<>();
        session.onStatus(told::add);
        assertEquals(Phase.CONNECTED, next(told).phase());
        CompletionStage<Void> first = session.close(SOON);
        CompletionStage<Void> second = session.close(Duration.ZERO);
        session.close();
        get(first);
        get(second);
        assertEquals(Phase.CLOSING, next(told).phase());
        assertEquals(new SessionStatus(Phase.CLOSED, null), next(told));
        assertTrue(told.isEmpty());
    }

    @Test
    void leavesWhatComesLaterWithTheHub() throws Exception {
        UpstreamSession session = open();
        BlockingQueue<String> came = new LinkedBlockingQueue<>();
        get(session.onMessage(MessageHandler.completing(message -> came.add(text(message.payload())))));
        get(session.close(SOON));
        SentMessage later = subject.send("later");
        assertFalse(later.state().isFinal());
        assertTrue(came.isEmpty());
        get(open().onMessage(MessageHandler.completing(message -> {})));
        assertEquals(CloudMessageState.COMPLETED, later.awaitOutcome(SOON));
    }

    @Test
    void opensAgainAfterItWasClosed() throws Exception {
        for (int i = 0; i < 3; i++) {
            UpstreamSession session = open();
            get(session.send(Telemetry.json("" + i)));
            get(session.close(SOON));
        }
        assertEquals(numbers(3), subject.texts(3));
    }
}
