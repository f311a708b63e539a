// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;

/**
 * What the application's code of one session throws, counted, and for the log: the first at once, those of the following minute as a number
 * with the next one. A handler that fails at every message would fill a disk that nobody looks at. Thread-safe.
 */
final class Complaints {
    private static final long PAUSE_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Logger log;
    private final String session;
    private final LongSupplier nanoTime;
    private long lastNanos;
    private long all;
    private long unsaid;

    /**
     * Has said nothing yet.
     *
     * @param session what the log calls it
     */
    Complaints(Logger log, String session, LongSupplier nanoTime) {
        this.log = log;
        this.session = session;
        this.nanoTime = nanoTime;
        lastNanos = nanoTime.getAsLong() - PAUSE_NANOS;
    }

    /** {@code what} failed, in words of ours. */
    void add(String what, Throwable error) {
        long more;
        synchronized (this) {
            all++;
            long now = nanoTime.getAsLong();
            if (now - lastNanos < PAUSE_NANOS) {
                unsaid++;
                return;
            }
            lastNanos = now;
            more = unsaid;
            unsaid = 0;
        }
        if (more == 0) {
            log.warn("{}: {}; more of this session within a minute are counted only", session, what, error);
        } else {
            log.warn("{}: {}, and {} more since the last was told", session, what, more, error);
        }
    }

    /** How often something was thrown. */
    synchronized long all() {
        return all;
    }
}
