// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.UpstreamException.Where;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ProtocolChoiceTest {
    private static final Where WHERE = new Where("tcp", "hub h:1");

    private final UpstreamRuntime runtime = UpstreamRuntime.create();
    private final Scripted first = new Scripted();
    private final Scripted second = new Scripted();
    private long now = Long.MAX_VALUE - Duration.ofMinutes(30).toNanos(); // it may wrap around
    private final ProtocolChoice choice =
            new ProtocolChoice(List.of(first, second), Duration.ofSeconds(1), runtime, false, () -> now);

    @AfterEach
    void close() {
        choice.close();
        runtime.close();
    }

    private CompletableFuture<UpstreamSession> open() {
        return choice.open(Identity.device("d"), SasKey.of("a2V5")).toCompletableFuture();
    }

    private static Throwable failure(CompletableFuture<?> outcome) {
        AtomicReference<Throwable> seen = new AtomicReference<>();
        outcome.whenComplete((session, error) -> seen.set(error));
        return seen.get();
    }

    private static UpstreamException failed(FailureKind kind) {
        return UpstreamException.of(kind, WHERE, "it failed");
    }

    @Test
    void triesTheNextAndRemembersTheWinner() {
        CompletableFuture<UpstreamSession> outcome = open();
        first.next().completeExceptionally(failed(FailureKind.REFUSED));
        Session session = new Session();
        second.next().complete(session);
        assertSame(session, outcome.join());

        open();
        assertTrue(first.asked.isEmpty());
        assertEquals(1, second.asked.size());
    }

    private void pass(Duration time) {
        now += time.toNanos();
    }

    /** A session that only the second protocol can have. */
    private void fallBack() {
        CompletableFuture<UpstreamSession> outcome = open();
        first.next().completeExceptionally(failed(FailureKind.PROXY_DENIED));
        second.next().complete(new Session());
        outcome.join();
    }

    @Test
    void triesTheFirstAgainAfterAnHour() {
        fallBack();
        pass(ProtocolChoice.MEMORY.minusNanos(1));
        open();
        assertTrue(first.asked.isEmpty());
        second.next().complete(new Session());
        pass(Duration.ofNanos(1));
        CompletableFuture<UpstreamSession> scout = open();
        assertTrue(second.asked.isEmpty());
        CompletableFuture<UpstreamSession> meanwhile = open();
        second.next().complete(new Session());
        meanwhile.join();
        assertEquals(1, first.asked.size(), "one asks for all");
        first.next().complete(new Session());
        scout.join();
        open();
        assertEquals(1, first.asked.size());
    }

    @Test
    void triesTheFirstAgainOnAnotherNetwork() {
        fallBack();
        choice.networkChanged();
        assertTrue(first.changes == 1 && second.changes == 1, "and both know");
        open();
        assertEquals(1, first.asked.size());
    }

    @Test
    void remembersForAnotherHourWhatStillWorksWhenTheFirstDoesNot() {
        fallBack();
        pass(ProtocolChoice.MEMORY);
        fallBack();
        pass(ProtocolChoice.MEMORY.minusNanos(1));
        open();
        assertTrue(first.asked.isEmpty());
        second.next().complete(new Session());
        pass(Duration.ofNanos(1));
        fallBack();
    }

    @Test
    void goesBackToTheFirstBeforeThatWhenTheOtherFails() {
        fallBack();
        CompletableFuture<UpstreamSession> outcome = open();
        second.next().completeExceptionally(failed(FailureKind.REFUSED));
        first.next().complete(new Session());
        outcome.join();
        open();
        assertEquals(1, first.asked.size());
    }

    @Test
    void leavesASessionThatIsOpenAlone() {
        CompletableFuture<UpstreamSession> outcome = open();
        first.next().completeExceptionally(failed(FailureKind.PROXY_DENIED));
        Session session = new Session();
        second.next().complete(session);
        pass(ProtocolChoice.MEMORY);
        assertTrue(outcome.isDone() && first.asked.isEmpty() && !session.closed.isDone());
    }

    @Test
    void failsWithTheExceptionItselfAsASingleProtocolDoes() {
        CompletableFuture<UpstreamSession> outcome = open();
        UpstreamException early = failed(FailureKind.REFUSED);
        UpstreamException last = failed(FailureKind.TIMEOUT);
        first.next().completeExceptionally(early);
        second.next().completeExceptionally(last);

        assertSame(last, failure(outcome));
        assertEquals(List.of(early), List.of(last.getSuppressed()));
    }

    @Test
    void tellsAWrongKeyAtOnce() {
        CompletableFuture<UpstreamSession> outcome = open();
        UpstreamException wrong = failed(FailureKind.UNAUTHORIZED);
        first.next().completeExceptionally(wrong);

        assertSame(wrong, failure(outcome));
        assertTrue(second.asked.isEmpty());
    }

    @Test
    void closesASessionThatTheApplicationNoLongerWants() {
        CompletableFuture<UpstreamSession> outcome = open();
        outcome.cancel(false);
        Session session = new Session();
        first.next().complete(session);

        assertTrue(session.closed.isDone());
    }

    /** Opens when the test says so. */
    private static final class Scripted implements UpstreamTransport {
        private final Queue<CompletableFuture<UpstreamSession>> asked = new ArrayDeque<>();
        private int changes;

        private CompletableFuture<UpstreamSession> next() {
            return asked.remove();
        }

        @Override
        public CompletionStage<UpstreamSession> open(Identity identity, Credentials credentials) {
            CompletableFuture<UpstreamSession> outcome = new CompletableFuture<>();
            asked.add(outcome);
            return outcome;
        }

        @Override
        public void networkChanged() {
            changes++;
        }

        @Override
        public CompletionStage<Void> whenClosed() {
            return new CompletableFuture<>();
        }

        @Override
        public TransportStatistics statistics() {
            return new TransportStatistics(Map.of());
        }

        @Override
        public CompletionStage<Void> close(Duration drain) {
            return CompletableFuture.completedStage(null);
        }

        @Override
        public void close() {}
    }

    /** Can be closed, and nothing else. */
    private static final class Session implements UpstreamSession {
        private final CompletableFuture<Void> closed = new CompletableFuture<>();

        @Override
        public Identity identity() {
            return Identity.device("d");
        }

        @Override
        public UpstreamProtocol protocol() {
            return UpstreamProtocol.MQTT;
        }

        @Override
        public CompletionStage<Void> send(Telemetry telemetry) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> permit() {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Duration> probe() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void onGap(Consumer<Gap> listener) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> onMessage(MessageHandler handler) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Twin> twin() {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Long> report(String patch) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Long> report(String patch, long version) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> onDesiredChange(Consumer<DesiredChange> handler) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> onMethod(MethodHandler handler) {
            throw new UnsupportedOperationException();
        }

        @Override
        public SessionStatistics statistics() {
            return SessionStatistics.NONE;
        }

        @Override
        public SessionStatus status() {
            return new SessionStatus(Phase.CONNECTED, null);
        }

        @Override
        public void onStatus(Consumer<SessionStatus> listener) {
            throw new UnsupportedOperationException();
        }

        @Override
        public CompletionStage<Void> close(Duration drain) {
            closed.complete(null);
            return closed;
        }

        @Override
        public void close() {
            closed.complete(null);
        }
    }
}
