// SPDX-License-Identifier: Apache-2.0
package io.upstream.laboratory;

import io.upstream.Phase;
import io.upstream.SessionStatus;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** Counts how often a session lost its connection and came back. Thread-safe. */
final class Comings {
    private Phase phase = Phase.CONNECTED;
    private int losses;
    private int returns;

    synchronized void told(SessionStatus status) {
        boolean was = phase == Phase.CONNECTED;
        phase = status.phase();
        boolean is = phase == Phase.CONNECTED;
        losses += was && !is ? 1 : 0;
        returns += !was && is ? 1 : 0;
        notifyAll();
    }

    synchronized int losses() {
        return losses;
    }

    void awaitLosses(int count, long millis) throws InterruptedException, TimeoutException {
        await(() -> losses >= count, millis, "the loss of the connection was not noticed");
    }

    void awaitReturns(int count, long millis) throws InterruptedException, TimeoutException {
        await(() -> returns >= count, millis, "the session is not back");
    }

    private synchronized void await(BooleanSupplier condition, long millis, String otherwise)
            throws InterruptedException, TimeoutException {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (!condition.getAsBoolean()) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            if (left <= 0) {
                throw new TimeoutException(otherwise + " within " + millis + " ms; it is " + phase);
            }
            wait(left);
        }
    }
}
