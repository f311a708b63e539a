// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.FailureKind;
import io.upstream.Phase;
import io.upstream.SessionStatus;
import io.upstream.UpstreamSession;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;

/** All that a session tells of itself, for tests that wait for it. */
final class StatusLog {
    private static final long SECONDS = 20;

    private final List<SessionStatus> all = new ArrayList<>();

    static StatusLog of(UpstreamSession session) {
        StatusLog log = new StatusLog();
        session.onStatus(log::add);
        return log;
    }

    private synchronized void add(SessionStatus status) {
        all.add(status);
        notifyAll();
    }

    synchronized List<SessionStatus> all() {
        return List.copyOf(all);
    }

    /** How often it was lost, or an attempt to come back failed, for this reason. */
    synchronized int failures(FailureKind kind) {
        return (int) all.stream().filter(status -> isFailure(status, kind)).count();
    }

    private static boolean isFailure(SessionStatus status, FailureKind kind) {
        return status.phase() == Phase.RECONNECTING
                && status.cause() != null
                && status.cause().kind() == kind;
    }

    boolean wasLost() {
        return all().stream().anyMatch(status -> status.phase() == Phase.RECONNECTING);
    }

    void awaitFailures(FailureKind kind, int count) throws Exception {
        await(list -> failures(kind) >= count);
    }

    /** Waits until it has come back from so many losses. */
    void awaitReturns(int count) throws Exception {
        await(list -> returns(list) >= count);
    }

    void await(Phase phase) throws Exception {
        await(list -> !list.isEmpty() && list.get(list.size() - 1).phase() == phase);
    }

    private static int returns(List<SessionStatus> list) {
        int returns = 0;
        for (int i = 1; i < list.size(); i++) {
            if (list.get(i).phase() == Phase.CONNECTED && list.get(i - 1).phase() == Phase.RECONNECTING) {
                returns++;
            }
        }
        return returns;
    }

    private synchronized void await(Predicate<List<SessionStatus>> enough) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
        while (!enough.test(all)) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                throw new TimeoutException("after " + SECONDS + " s: " + all);
            }
            wait(left);
        }
    }
}
