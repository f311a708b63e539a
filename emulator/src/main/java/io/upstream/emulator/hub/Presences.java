// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** Who is connected. Connections are ended outside every lock, on the thread of whoever causes them. */
final class Presences {
    private final ConcurrentHashMap<HubIdentity, List<Held>> held = new ConcurrentHashMap<>();

    /** Notes a connection; one over MQTT ends the identity's earlier ones over MQTT, whatever lies below it. */
    Hub.Presence connect(HubIdentity identity, String protocol, Consumer<Ending> end) {
        Held newcomer = new Held(identity, protocol.toLowerCase(Locale.ROOT).startsWith("mqtt"), end);
        List<Held> displaced = new ArrayList<>();
        held.compute(identity, (id, present) -> {
            List<Held> next = new ArrayList<>();
            if (present != null) {
                present.forEach(each -> (newcomer.exclusive && each.exclusive ? displaced : next).add(each));
            }
            next.add(newcomer);
            return List.copyOf(next);
        });
        displaced.forEach(each -> each.end.accept(Ending.REPLACED));
        return newcomer;
    }

    boolean contains(HubIdentity identity) {
        return held.containsKey(identity);
    }

    /** How many devices are connected, modules left out. */
    int devices() {
        return (int)
                held.keySet().stream().filter(each -> each.moduleId() == null).count();
    }

    /** All that are connected now. */
    Set<HubIdentity> all() {
        return Set.copyOf(held.keySet());
    }

    /** Ends all connections of the identity, or a part of each. */
    void end(HubIdentity identity, Ending ending) {
        List<Held> present = ending.isWhole() ? held.remove(identity) : held.get(identity);
        if (present != null) {
            present.forEach(each -> each.end.accept(ending));
        }
    }

    private final class Held implements Hub.Presence {
        private final HubIdentity identity;
        private final boolean exclusive;
        private final Consumer<Ending> end;

        Held(HubIdentity identity, boolean exclusive, Consumer<Ending> end) {
            this.identity = identity;
            this.exclusive = exclusive;
            this.end = end;
        }

        @Override
        public void close() {
            held.computeIfPresent(identity, (id, present) -> {
                List<Held> rest = present.stream().filter(each -> each != this).toList();
                return rest.isEmpty() ? null : rest;
            });
        }
    }
}
