// SPDX-License-Identifier: Apache-2.0
package io.upstream.session;

import io.upstream.Phase;
import io.upstream.SessionStatus;
import io.upstream.UpstreamException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one place that knows and changes a session's phase. Thread-safe; listeners are told in order through {@link Callbacks}, which may
 * run them at once and on this thread: its monitor is not held then.
 */
public final class Lifecycle {
    private static final Logger log = LoggerFactory.getLogger(Lifecycle.class);

    private final String name;
    private final Callbacks callbacks;
    private final List<Consumer<SessionStatus>> listeners = new ArrayList<>();
    private volatile SessionStatus status = new SessionStatus(Phase.CONNECTING, null);

    /**
     * Starts in {@link Phase#CONNECTING}.
     *
     * @param name for the log: protocol and identity
     */
    public Lifecycle(String name, Callbacks callbacks) {
        this.name = name;
        this.callbacks = callbacks;
    }

    public SessionStatus status() {
        return status;
    }

    public boolean is(Phase phase) {
        return status.phase() == phase;
    }

    /**
     * Goes to {@code next} and tells everybody, unless the present phase does not allow it.
     *
     * @param cause why, if it is not the application's own wish
     * @return whether the phase changed
     */
    public boolean moveTo(Phase next, @Nullable UpstreamException cause) {
        return moveTo(next, cause, 0, Duration.ZERO);
    }

    /**
     * As above.
     *
     * @param attempt which comes next, 0 for none
     * @param pause before it
     */
    public boolean moveTo(Phase next, @Nullable UpstreamException cause, int attempt, Duration pause) {
        boolean starts = false;
        synchronized (this) {
            Phase before = status.phase();
            if (!before.mayBecome(next)) {
                return false;
            }
            SessionStatus now = new SessionStatus(next, cause, attempt, pause);
            status = now;
            log.info("{}: {} -> {}{}", name, before, next, cause == null ? "" : ", " + cause.getMessage());
            for (Consumer<SessionStatus> listener : listeners) {
                starts |= callbacks.add(() -> listener.accept(now));
            }
        }
        if (starts) {
            callbacks.start();
        }
        return true;
    }

    /** Tells {@code listener} the present status, then each later one. */
    public void addListener(Consumer<SessionStatus> listener) {
        boolean starts;
        synchronized (this) {
            listeners.add(listener);
            SessionStatus now = status;
            starts = callbacks.add(() -> listener.accept(now));
        }
        if (starts) {
            callbacks.start();
        }
    }
}
