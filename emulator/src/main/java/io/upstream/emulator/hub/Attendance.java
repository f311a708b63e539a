// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who is connected and since when, who sends, and what goes wrong for whom. */
final class Attendance implements FaultBoard.Effects {
    private static final Logger LOG = LoggerFactory.getLogger(Attendance.class);

    private final IdentityRegistry registry;
    private final Presences presences = new Presences();
    private final Activity activity;
    private final FaultBoard faults;
    private final ConcurrentHashMap<HubIdentity, Seat<Object>> senders = new ConcurrentHashMap<>();

    Attendance(Clock clock, IdentityRegistry registry) {
        this.registry = registry;
        this.activity = new Activity(clock);
        this.faults = new FaultBoard(clock, this);
    }

    FaultBoard faults() {
        return faults;
    }

    Hub.Presence connect(HubIdentity identity, String protocol, Consumer<Ending> end) {
        return activity.noteConnection(identity, presences.connect(identity, protocol, end));
    }

    /** One link at a time; who held the seat is told. */
    Hub.Presence openTelemetry(HubIdentity identity, Runnable replaced) {
        return senders.computeIfAbsent(identity, id -> new Seat<>()).take(nothing -> {}, replaced);
    }

    void noteUse(HubIdentity identity) {
        activity.noteUse(identity);
    }

    boolean isConnected(HubIdentity identity) {
        return presences.contains(identity);
    }

    int connectedDevices() {
        return presences.devices();
    }

    Instant connectionChanged(HubIdentity identity) {
        return activity.connectionChanged(identity);
    }

    Instant active(HubIdentity identity) {
        return activity.active(identity);
    }

    /** A device that is disabled takes its modules with it. */
    void disabled(HubIdentity identity) {
        end(identity, Ending.DISABLED);
        for (HubIdentity each : presences.all()) {
            if (identity.moduleId() == null && each.deviceId().equals(identity.deviceId())) {
                end(each, Ending.DISABLED);
            }
        }
    }

    void removed(HubIdentity identity) {
        end(identity, Ending.REMOVED);
        activity.forget(identity);
        faults.forget(identity);
        senders.remove(identity);
    }

    @Override
    public void end(HubIdentity identity, Ending ending) {
        presences.end(identity, ending);
    }

    @Override
    public void disable(HubIdentity identity) {
        setStatus(identity, IdentityStatus.DISABLED);
        disabled(identity);
    }

    @Override
    public void enable(HubIdentity identity) {
        setStatus(identity, IdentityStatus.ENABLED);
    }

    private void setStatus(HubIdentity identity, IdentityStatus status) {
        try {
            RegisteredIdentity known = registry.get(identity);
            registry.put(
                    new IdentitySpec(identity, status, known.statusReason(), known.authentication(), known.edge()),
                    Precondition.NONE);
        } catch (HubException e) {
            LOG.debug("{} is gone: {}", identity, e.getMessage());
        }
    }
}
