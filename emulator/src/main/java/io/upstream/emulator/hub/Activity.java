// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** When identities were last heard of. Thread-safe. */
final class Activity {
    private static final long NEVER = RegisteredIdentity.NEVER.toEpochMilli();

    private final Clock clock;
    private final ConcurrentHashMap<HubIdentity, Times> times = new ConcurrentHashMap<>();

    private static final class Times {
        private volatile long connectionChanged = NEVER;
        private volatile long active = NEVER;
    }

    Activity(Clock clock) {
        this.clock = clock;
    }

    private Times of(HubIdentity identity) {
        return times.computeIfAbsent(identity, id -> new Times());
    }

    /** The identity has sent something. */
    void noteUse(HubIdentity identity) {
        of(identity).active = clock.millis();
    }

    /** The identity has connected; its going is noted when the presence closes. */
    Hub.Presence noteConnection(HubIdentity identity, Hub.Presence presence) {
        change(identity);
        AtomicBoolean closed = new AtomicBoolean();
        return () -> {
            if (closed.compareAndSet(false, true)) {
                change(identity);
            }
            presence.close();
        };
    }

    private void change(HubIdentity identity) {
        Times noted = of(identity);
        noted.connectionChanged = clock.millis();
        noted.active = noted.connectionChanged;
    }

    /** When the identity last came or went; {@link RegisteredIdentity#NEVER} if it has not yet. */
    Instant connectionChanged(HubIdentity identity) {
        Times noted = times.get(identity);
        return Instant.ofEpochMilli(noted == null ? NEVER : noted.connectionChanged);
    }

    /** When the identity last came, went or sent something. */
    Instant active(HubIdentity identity) {
        Times noted = times.get(identity);
        return Instant.ofEpochMilli(noted == null ? NEVER : noted.active);
    }

    void forget(HubIdentity identity) {
        times.remove(identity);
    }
}
