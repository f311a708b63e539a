// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.laboratory.Evidence.Answer;
import io.upstream.laboratory.Evidence.Attempt;
import io.upstream.laboratory.Evidence.Counts;
import io.upstream.laboratory.Evidence.Down;
import io.upstream.laboratory.Evidence.Outcome;
import io.upstream.laboratory.Evidence.Probe;
import io.upstream.laboratory.Evidence.Sent;
import io.upstream.laboratory.Evidence.Told;
import io.upstream.laboratory.Violation.Invariant;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Looks for what must not be in the evidence. Confined to one thread. */
final class Checker {
    /** By how much a future may be late (P1). */
    static final long GRACE_MILLIS = 1_000;

    /** Texts name so many cases and count the rest. */
    private static final int NAMED = 5;

    private final Evidence evidence;
    private final List<Violation> found = new ArrayList<>();
    private final Map<Long, Sent> byNumber = new HashMap<>();

    private Checker(Evidence evidence) {
        this.evidence = evidence;
        evidence.sent().forEach(each -> byNumber.put(each.number(), each));
    }

    /** All violations there are, in the order of the invariants. */
    static List<Violation> check(Evidence evidence) {
        Checker checker = new Checker(evidence);
        checker.futures();
        checker.arrivals();
        checker.doubles();
        checker.order();
        checker.downwards();
        checker.statuses();
        checker.recovery();
        checker.counts();
        checker.left();
        checker.attempts();
        return checker.found;
    }

    private void report(Invariant invariant, String text) {
        found.add(new Violation(invariant, text));
    }

    private void report(Invariant invariant, String what, List<?> cases) {
        if (!cases.isEmpty()) {
            String more = cases.size() > NAMED ? " and " + (cases.size() - NAMED) + " more" : "";
            report(invariant, what + ": " + cases.subList(0, Math.min(NAMED, cases.size())) + more);
        }
    }

    private void futures() {
        long limit = evidence.terms().operationTimeout().toMillis();
        List<Long> pending = new ArrayList<>();
        List<Long> late = new ArrayList<>();
        List<Long> twice = new ArrayList<>();
        List<String> early = new ArrayList<>();
        for (Sent each : evidence.sent()) {
            if (each.outcome() == Outcome.PENDING) {
                pending.add(each.number());
            } else if (each.doneAt() - each.at() > limit + GRACE_MILLIS) {
                late.add(each.number());
            }
            if (each.completions() > 1) {
                twice.add(each.number());
            }
            FailureKind failure = each.failure();
            if (failure != null
                    && each.doneAt() - each.at() < limit
                    && !evidence.terms().mayFail().contains(failure)) {
                early.add(each.number() + " after " + (each.doneAt() - each.at()) + " ms with " + failure);
            }
        }
        report(Invariant.I1, "never done", pending);
        report(Invariant.I1, "done after their deadline", late);
        report(Invariant.I1, "done more than once", twice);
        report(Invariant.I1, "given up before their deadline", early);
    }

    private void arrivals() {
        Set<Long> arrived = new HashSet<>(evidence.received());
        List<Long> lost = evidence.sent().stream()
                .filter(each -> each.outcome() == Outcome.ACKED && !arrived.contains(each.number()))
                .map(Sent::number)
                .toList();
        report(Invariant.I2, "acknowledged and lost", lost);
        List<Long> strange = evidence.received().stream()
                .filter(number -> !byNumber.containsKey(number))
                .toList();
        report(Invariant.I3, "arrived and never sent", strange);
    }

    private void doubles() {
        Map<Long, Integer> copies = new HashMap<>();
        evidence.received().forEach(number -> copies.merge(number, 1, Integer::sum));
        List<Long> losses = evidence.statuses().stream()
                .filter(each -> each.phase() == Phase.RECONNECTING)
                .map(Told::at)
                .toList();
        List<String> unexplained = new ArrayList<>();
        copies.forEach((number, count) -> {
            Sent sent = byNumber.get(number);
            if (count < 2 || sent == null) {
                return;
            }
            long end = sent.doneAt() < 0 ? Long.MAX_VALUE : sent.doneAt();
            long meanwhile =
                    losses.stream().filter(at -> at >= sent.at() && at <= end).count();
            if (count - 1 > meanwhile) {
                unexplained.add(number + " " + count + " times with " + meanwhile + " losses");
            }
        });
        report(Invariant.I4, "arrived too often", unexplained);
    }

    private void order() {
        Set<Long> seen = new HashSet<>();
        List<String> overtaken = new ArrayList<>();
        long last = -1;
        for (long number : evidence.received()) {
            if (seen.add(number)) {
                if (number < last) {
                    overtaken.add(number + " after " + last);
                }
                last = Math.max(last, number);
            }
        }
        report(Invariant.I5, "overtaken", overtaken);
    }

    private void downwards() {
        report(
                Invariant.I6,
                "never reached the device",
                evidence.downs().stream()
                        .filter(each -> each.due() && each.arrivals() == 0)
                        .map(Down::text)
                        .toList());
        long wrong = evidence.calls().stream()
                .filter(each -> each.answer() == Answer.WRONG)
                .count();
        if (wrong > 0) {
            report(Invariant.I6, wrong + " calls were answered with another call's answer");
        }
        long before = 0;
        for (long version : evidence.desired()) {
            if (version < before) {
                report(Invariant.I6, "desired properties went back from version " + before + " to " + version);
            }
            before = version;
        }
        if (evidence.terms().recovery() != null && before < evidence.desiredVersion()) {
            report(Invariant.I6, "desired properties are " + evidence.desiredVersion() + ", told was " + before);
        }
    }

    private void statuses() {
        List<Told> told = evidence.statuses();
        if (told.isEmpty()) {
            report(Invariant.I7, "no status was ever told");
            return;
        }
        Phase before = told.get(0).phase();
        for (Told each : told.subList(1, told.size())) {
            if (!before.mayBecome(each.phase())) {
                report(Invariant.I7, before + " became " + each.phase() + " after " + each.at() + " ms");
            }
            if (each.phase() == Phase.CONNECTED && each.cause() != null) {
                report(Invariant.I7, "CONNECTED with the cause " + each.cause());
            }
            before = each.phase();
        }
        if (before != Phase.CLOSED) {
            report(Invariant.I7, "closed, and the last status was " + before);
        }
    }

    private void recovery() {
        Duration limit = evidence.terms().recovery();
        if (limit == null) {
            return;
        }
        if (evidence.recoveryMillis() < 0) {
            report(Invariant.I8, "not back within " + limit.toMillis() + " ms");
        } else if (evidence.recoveryMillis() > limit.toMillis()) {
            report(Invariant.I8, "back after " + evidence.recoveryMillis() + " ms, not within " + limit.toMillis());
        }
        for (Probe each : evidence.probes()) {
            if (each.failure() != null) {
                report(Invariant.I8, each.what() + " does not work afterwards: " + each.failure());
            }
        }
    }

    private void counts() {
        Counts counted = evidence.counted();
        if (counted == null) {
            return;
        }
        long rejected = failed(FailureKind.OUTBOX_FULL);
        Counts seen = new Counts(
                evidence.sent().size() - rejected,
                count(Outcome.ACKED),
                count(Outcome.FAILED) - rejected,
                count(Outcome.CANCELLED),
                count(Outcome.PENDING));
        if (!isExplained(counted, seen)) {
            report(Invariant.I9, "counted " + counted + ", seen " + seen);
        }
        long outcomes = counted.acked() + counted.failed() + counted.cancelled() + counted.pending();
        if (counted.accepted() != outcomes) {
            report(Invariant.I9, counted.accepted() + " accepted, " + outcomes + " outcomes");
        }
    }

    private long count(Outcome outcome) {
        return evidence.sent().stream()
                .filter(each -> each.outcome() == outcome)
                .count();
    }

    /** What closing fails is counted as cancelled; and what is cancelled too late can be answered by the hub, and is counted as that. */
    private boolean isExplained(Counts counted, Counts seen) {
        long closed = failed(FailureKind.CLOSED);
        long acked = counted.acked() - seen.acked();
        long failed = counted.failed() - (seen.failed() - closed);
        return counted.accepted() == seen.accepted()
                && counted.pending() == seen.pending()
                && acked >= 0
                && failed >= 0
                && acked + failed == seen.cancelled() + closed - counted.cancelled();
    }

    private long failed(FailureKind kind) {
        return evidence.sent().stream().filter(each -> each.failure() == kind).count();
    }

    private void left() {
        report(Invariant.I10, "threads", evidence.left().threads());
        report(Invariant.I10, "sockets", evidence.left().sockets());
    }

    /** A session tells of the failure of an attempt before it begins another. */
    private void attempts() {
        List<Long> overlapping = new ArrayList<>();
        for (int i = 1; i < evidence.attempts().size(); i++) {
            Attempt attempt = evidence.attempts().get(i);
            if (attempt.standing() == evidence.attempts().get(i - 1).standing()) {
                overlapping.add(attempt.at());
            }
        }
        report(Invariant.I14, "attempts begun before the one before was over, at ms", overlapping);
    }
}
