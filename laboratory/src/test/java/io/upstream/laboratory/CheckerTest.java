// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.laboratory.Evidence.Answer;
import io.upstream.laboratory.Evidence.Attempt;
import io.upstream.laboratory.Evidence.Call;
import io.upstream.laboratory.Evidence.Counts;
import io.upstream.laboratory.Evidence.Down;
import io.upstream.laboratory.Evidence.Left;
import io.upstream.laboratory.Evidence.Outcome;
import io.upstream.laboratory.Evidence.Probe;
import io.upstream.laboratory.Evidence.Sent;
import io.upstream.laboratory.Evidence.Terms;
import io.upstream.laboratory.Evidence.Told;
import io.upstream.laboratory.Violation.Invariant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Forged evidence: a good session of three messages with one loss, and what can be wrong with it, one thing at a time. */
class CheckerTest {
    private static final class Forgery {
        List<Sent> sent = new ArrayList<>(List.of(acked(0, 10, 20), acked(1, 30, 120), acked(2, 130, 140)));
        List<Long> received = new ArrayList<>(List.of(0L, 1L, 1L, 2L));
        List<Told> told = new ArrayList<>(List.of(
                new Told(0, Phase.CONNECTED, null),
                new Told(50, Phase.RECONNECTING, FailureKind.RESET),
                new Told(100, Phase.CONNECTED, null),
                new Told(200, Phase.CLOSING, null),
                new Told(210, Phase.CLOSED, null)));
        List<Attempt> attempts = new ArrayList<>(List.of(new Attempt(0, 1), new Attempt(60, 2), new Attempt(80, 3)));
        List<Down> downs = new ArrayList<>(List.of(new Down("a", 1, true), new Down("expired", 0, false)));
        List<Call> calls = new ArrayList<>(List.of(new Call(5, Answer.RIGHT), new Call(55, Answer.NONE)));
        List<Long> desired = new ArrayList<>(List.of(2L, 3L, 3L));
        List<Probe> probes = new ArrayList<>(List.of(new Probe("a report", null)));
        long recovery = 40;
        Counts counted = new Counts(3, 3, 0, 0, 0);
        Left left = Left.NOTHING;

        List<Violation> check() {
            return Checker.check(new Evidence(
                    sent,
                    received,
                    told,
                    attempts,
                    downs,
                    calls,
                    desired,
                    3,
                    probes,
                    recovery,
                    counted,
                    left,
                    new Terms(Duration.ofSeconds(10), Duration.ofSeconds(5), Set.of(FailureKind.QUOTA))));
        }
    }

    private static Sent acked(long number, long at, long doneAt) {
        return new Sent(number, at, doneAt, 1, Outcome.ACKED, null);
    }

    private static Sent failed(long number, long doneAt, FailureKind kind) {
        return new Sent(number, 0, doneAt, 1, Outcome.FAILED, kind);
    }

    private static Arguments wrong(String name, Invariant found, Consumer<Forgery> forge) {
        return Arguments.of(name, found, forge);
    }

    static Stream<Arguments> forgeries() {
        return Stream.of(
                wrong("a future that is never done", Invariant.I1, f -> {
                    f.sent.set(2, new Sent(2, 130, -1, 0, Outcome.PENDING, null));
                    f.counted = new Counts(3, 2, 0, 0, 1);
                }),
                wrong("a future that is late", Invariant.I1, f -> f.sent.set(2, acked(2, 130, 11_200))),
                wrong(
                        "a future that is done twice",
                        Invariant.I1,
                        f -> f.sent.set(2, new Sent(2, 130, 140, 2, Outcome.ACKED, null))),
                wrong("a message given up early", Invariant.I1, f -> {
                    f.sent.set(2, failed(2, 9_000, FailureKind.RESET));
                    f.counted = new Counts(3, 2, 1, 0, 0);
                }),
                wrong("a message acknowledged and lost", Invariant.I2, f -> f.received.remove(2L)),
                wrong("a message that nobody sent", Invariant.I3, f -> f.received.add(7L)),
                wrong("a copy without a loss", Invariant.I4, f -> f.received.add(2L)),
                wrong("two copies for one loss", Invariant.I4, f -> f.received.add(2, 1L)),
                wrong("a copy of what was acknowledged before the loss", Invariant.I4, f -> f.received.add(1, 0L)),
                wrong("a message that overtakes", Invariant.I5, f -> {
                    f.received.clear();
                    f.received.addAll(List.of(0L, 2L, 1L));
                }),
                wrong(
                        "a message to the device that never came",
                        Invariant.I6,
                        f -> f.downs.add(new Down("b", 0, true))),
                wrong("another call's answer", Invariant.I6, f -> f.calls.add(new Call(60, Answer.WRONG))),
                wrong("desired properties that go back", Invariant.I6, f -> f.desired.addAll(List.of(2L, 3L))),
                wrong("desired properties that were missed", Invariant.I6, f -> {
                    f.desired.clear();
                    f.desired.add(2L);
                }),
                wrong(
                        "a phase that cannot follow",
                        Invariant.I7,
                        f -> f.told.add(3, new Told(150, Phase.CONNECTED, null))),
                wrong(
                        "a connection with a cause",
                        Invariant.I7,
                        f -> f.told.set(2, new Told(100, Phase.CONNECTED, FailureKind.RESET))),
                wrong("no last word", Invariant.I7, f -> f.told.remove(4)),
                wrong("no word at all", Invariant.I7, f -> {
                    f.told.clear();
                    f.received.remove(1);
                }),
                wrong("something after the end", Invariant.I7, f -> {
                    f.told.add(new Told(300, Phase.CLOSED, null));
                }),
                wrong("a session that does not come back", Invariant.I8, f -> f.recovery = -1),
                wrong("a session that comes back late", Invariant.I8, f -> f.recovery = 5_001),
                wrong("a probe that fails", Invariant.I8, f -> f.probes.add(new Probe("a method", "nobody there"))),
                wrong("a count that is wrong", Invariant.I9, f -> f.counted = new Counts(3, 2, 1, 0, 0)),
                wrong("counts without a sum", Invariant.I9, f -> f.counted = new Counts(4, 3, 0, 0, 0)),
                wrong("a thread", Invariant.I10, f -> f.left = new Left(List.of("upstream-loop-1-1"), List.of())),
                wrong("a socket", Invariant.I10, f -> f.left = new Left(List.of(), List.of("1>2"))),
                wrong("two attempts at once", Invariant.I14, f -> f.attempts.add(new Attempt(81, 3))));
    }

    @Test
    void findsNothingInAGoodSession() {
        assertEquals(List.of(), new Forgery().check());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("forgeries")
    void finds(String name, Invariant expected, Consumer<Forgery> forge) {
        Forgery forgery = new Forgery();
        forge.accept(forgery);
        List<Violation> found = forgery.check();
        assertEquals(
                Set.of(expected),
                Set.copyOf(found.stream().map(Violation::invariant).toList()),
                () -> name + ": " + found);
    }

    @Test
    void allowsWhatTheFaultMakesFail() {
        Forgery forgery = new Forgery();
        forgery.sent.set(2, failed(2, 500, FailureKind.QUOTA));
        forgery.counted = new Counts(3, 2, 1, 0, 0);
        assertEquals(List.of(), forgery.check());
    }

    @Test
    void allowsThatTheHubAnswersWhatWasCancelledTooLate() {
        Forgery forgery = new Forgery();
        forgery.sent.set(2, new Sent(2, 130, 140, 1, Outcome.CANCELLED, null));
        for (Counts counted :
                List.of(new Counts(3, 2, 0, 1, 0), new Counts(3, 3, 0, 0, 0), new Counts(3, 2, 1, 0, 0))) {
            forgery.counted = counted;
            assertEquals(List.of(), forgery.check());
        }
        forgery.counted = new Counts(3, 1, 1, 1, 0);
        assertEquals(Invariant.I9, forgery.check().get(0).invariant());
    }

    @Test
    void allowsATimeoutAtTheDeadline() {
        Forgery forgery = new Forgery();
        forgery.sent.set(2, failed(2, 10_020, FailureKind.TIMEOUT));
        forgery.counted = new Counts(3, 2, 1, 0, 0);
        assertEquals(List.of(), forgery.check());
    }
}
