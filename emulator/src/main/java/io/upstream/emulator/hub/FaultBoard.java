// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The faults in force, at most one for each identity. What they end or disable is done outside the lock, by whoever makes them begin. */
final class FaultBoard {
    private static final Logger LOG = LoggerFactory.getLogger(FaultBoard.class);

    /** What begins and ends with faults. */
    interface Effects {
        void end(HubIdentity identity, Ending ending);

        void disable(HubIdentity identity);

        void enable(HubIdentity identity);
    }

    private enum Phase {
        WAITING,
        ACTIVE,
        /** Kept for the id of the message that asked for it, which may come again. */
        OVER
    }

    private static final class Entry {
        final Fault fault;
        final Instant begin;
        final Instant end;
        final @Nullable String messageId;
        Phase phase = Phase.WAITING;

        Entry(Fault fault, Instant now, @Nullable String messageId) {
            this.fault = fault;
            this.begin = now.plus(fault.delay());
            this.end = fault.duration().isZero() && fault.kind().ending() == null
                    ? Instant.MAX
                    : begin.plus(fault.duration());
            this.messageId = messageId;
        }
    }

    private final Clock clock;
    private final Effects effects;
    private final Map<HubIdentity, Entry> entries = new HashMap<>();

    FaultBoard(Clock clock, Effects effects) {
        this.clock = clock;
        this.effects = effects;
    }

    /** Takes the place of whatever is in force. */
    void inject(HubIdentity identity, Fault fault) {
        clear(identity);
        put(identity, fault, null);
    }

    /**
     * Does what a message of the device asks for, unless that is in force already or was done: a client sends again what was not acknowledged.
     *
     * @return whether it was new
     */
    boolean ask(HubIdentity identity, Fault fault, @Nullable String messageId) {
        synchronized (this) {
            Entry present = entries.get(identity);
            if (present != null
                    && (phase(present) != Phase.OVER || (messageId != null && messageId.equals(present.messageId)))) {
                return false;
            }
        }
        put(identity, fault, messageId);
        return true;
    }

    private void put(HubIdentity identity, Fault fault, @Nullable String messageId) {
        Entry entry = new Entry(fault, clock.instant(), messageId);
        synchronized (this) {
            entries.put(identity, entry);
        }
        if (fault.delay().isZero()) {
            begin(identity, entry);
        }
    }

    /** Ends what is in force for the identity. The message that asked for it may still come again. */
    void clear(HubIdentity identity) {
        Entry entry;
        synchronized (this) {
            entry = entries.get(identity);
            if (entry != null && entry.messageId == null) {
                entries.remove(identity);
            }
        }
        if (entry != null) {
            finish(identity, entry);
        }
    }

    void forget(HubIdentity identity) {
        synchronized (this) {
            entries.remove(identity);
        }
    }

    private void begin(HubIdentity identity, Entry entry) {
        synchronized (this) {
            if (entry.phase != Phase.WAITING) {
                return;
            }
            entry.phase = Phase.ACTIVE;
        }
        LOG.debug("{} begins for {}", entry.fault, identity);
        Ending ending = entry.fault.kind().ending();
        if (ending != null) {
            effects.end(identity, ending);
        } else if (entry.fault.kind() == FaultKind.DISABLE) {
            effects.disable(identity);
        }
    }

    private void finish(HubIdentity identity, Entry entry) {
        synchronized (this) {
            Phase before = entry.phase;
            entry.phase = Phase.OVER;
            if (before != Phase.ACTIVE || entry.fault.kind() != FaultKind.DISABLE) {
                return;
            }
        }
        effects.enable(identity);
    }

    /** Lets those begin and end whose time has come. */
    void sweep() {
        Instant now = clock.instant();
        List<Runnable> due = new ArrayList<>();
        synchronized (this) {
            entries.forEach((identity, entry) -> {
                if (entry.phase == Phase.WAITING && !now.isBefore(entry.begin)) {
                    due.add(() -> begin(identity, entry));
                }
                if (entry.phase != Phase.OVER && !now.isBefore(entry.end)) {
                    due.add(() -> finish(identity, entry));
                }
            });
        }
        due.forEach(Runnable::run);
    }

    /** By the clock: the end counts when it is there, not when it is swept. */
    private Phase phase(Entry entry) {
        return entry.phase == Phase.ACTIVE && !clock.instant().isBefore(entry.end) ? Phase.OVER : entry.phase;
    }

    /** Whether this is what goes wrong for the identity at present. */
    boolean isActive(HubIdentity identity, FaultKind kind) {
        return active(identity) == kind;
    }

    private synchronized @Nullable FaultKind active(HubIdentity identity) {
        Entry entry = entries.get(identity);
        return entry != null && phase(entry) == Phase.ACTIVE ? entry.fault.kind() : null;
    }

    /** What is to be ended again as soon as the identity opens it; {@code null} if nothing. */
    @Nullable
    Ending ending(HubIdentity identity) {
        FaultKind kind = active(identity);
        return kind == null ? null : kind.ending();
    }

    /** Refuses an operation. */
    void admit(HubIdentity identity, Throttle.Operation operation) throws HubException {
        FaultKind kind = active(identity);
        if (kind == FaultKind.THROTTLE) {
            throw new HubException(HubError.THROTTLED, identity + " is throttled by an injected fault");
        }
        if (kind == FaultKind.QUOTA && operation == Throttle.Operation.TELEMETRY) {
            throw new HubException(HubError.QUOTA_EXCEEDED, "the daily quota is used up by an injected fault");
        }
        requireCredible(identity);
    }

    /** Refuses the identity's credentials. */
    void requireCredible(HubIdentity identity) throws HubException {
        if (active(identity) == FaultKind.AUTH) {
            throw new HubException(HubError.UNAUTHORIZED, identity + " is unauthorized by an injected fault");
        }
    }

    /** Whether the acknowledgement of what the identity has just sent gets lost. */
    synchronized boolean losesAcknowledgement(HubIdentity identity) {
        Entry entry = entries.get(identity);
        if (entry == null || phase(entry) != Phase.ACTIVE || entry.fault.kind() != FaultKind.LOST_ACK) {
            return false;
        }
        if (entry.fault.duration().equals(Duration.ZERO)) {
            entry.phase = Phase.OVER;
        }
        return true;
    }
}
