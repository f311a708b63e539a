// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.Ending;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubIdentity;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Session;
import org.jspecify.annotations.Nullable;

/** The attached links of one connection by identity and purpose; an identity is present at the hub while it has one. */
final class LinkTable {
    private static final Symbol CORRELATION_ID = Symbol.valueOf("com.microsoft:channel-correlation-id");

    private enum Direction {
        FROM_DEVICE,
        TO_DEVICE;

        static Direction of(Link link) {
            return link instanceof Receiver ? FROM_DEVICE : TO_DEVICE;
        }

        Direction opposite() {
            return this == FROM_DEVICE ? TO_DEVICE : FROM_DEVICE;
        }
    }

    private record Purpose(LinkAddress.Kind kind, Direction direction) {
        Purpose counterpart() {
            return new Purpose(kind, direction.opposite());
        }

        boolean isOfAPair() {
            return kind == LinkAddress.Kind.TWIN || kind == LinkAddress.Kind.METHODS;
        }
    }

    private static final class Entry {
        final Map<Purpose, HubLink> links = new HashMap<>();
        final TwinDesk twin;
        final MethodDesk methods;
        final Hub.Presence presence;

        Entry(TwinDesk twin, MethodDesk methods, Hub.Presence presence) {
            this.twin = twin;
            this.methods = methods;
            this.presence = presence;
        }

        void close() {
            twin.close();
            methods.close();
            presence.close();
        }
    }

    private final Map<HubIdentity, Entry> entries = new HashMap<>();
    private final AmqpConnection connection;

    LinkTable(AmqpConnection connection) {
        this.connection = connection;
    }

    /**
     * Adds a link. An earlier one of the same identity and purpose is detached, and so is the other one of a pair if it was attached under
     * another correlation id.
     */
    void add(LinkAddress address, HubLink link) {
        Entry entry = entry(address.identity());
        Purpose purpose = new Purpose(address.kind(), Direction.of(link.link));
        HubLink earlier = entry.links.put(purpose, link);
        if (earlier != null) {
            earlier.fail(new ErrorCondition(LinkError.STOLEN, "another link of the same purpose was attached"));
        }
        HubLink other = purpose.isOfAPair() ? entry.links.get(purpose.counterpart()) : null;
        if (other != null && !Objects.equals(correlationId(link), correlationId(other))) {
            other.fail(new ErrorCondition(LinkError.STOLEN, "a link of another channel-correlation-id was attached"));
        }
    }

    private static @Nullable Object correlationId(HubLink link) {
        Map<Symbol, Object> properties = link.link.getRemoteProperties();
        return properties == null ? null : properties.get(CORRELATION_ID);
    }

    /** What stands behind the identity's links of a kind, twin or methods. */
    PairDesk desk(LinkAddress address) {
        Entry entry = entry(address.identity());
        return address.kind() == LinkAddress.Kind.TWIN ? entry.twin : entry.methods;
    }

    private Entry entry(HubIdentity identity) {
        return entries.computeIfAbsent(identity, this::connect);
    }

    private Entry connect(HubIdentity identity) {
        Hub.Presence presence = connection
                .hub()
                .connect(
                        identity,
                        "Amqp",
                        what -> connection.run(() -> connection.endings().end(identity, what)));
        return new Entry(new TwinDesk(connection, identity), new MethodDesk(connection, identity), presence);
    }

    /** Forgets a link that is detached; does nothing if another has taken its place. */
    void remove(LinkAddress address, HubLink link) {
        Entry entry = entries.get(address.identity());
        Purpose purpose = new Purpose(address.kind(), Direction.of(link.link));
        if (entry != null && entry.links.remove(purpose, link) && entry.links.isEmpty()) {
            entries.remove(address.identity());
            entry.close();
        }
    }

    /** The sessions that hold the identity's links. */
    Set<Session> sessions(HubIdentity identity) {
        Set<Session> sessions = new LinkedHashSet<>();
        Entry entry = entries.get(identity);
        if (entry != null) {
            entry.links.values().forEach(link -> sessions.add(link.link.getSession()));
        }
        return sessions;
    }

    /** Detaches the identity's link of this purpose, if there is one. */
    void fail(HubIdentity identity, Ending what, ErrorCondition condition) {
        Entry entry = entries.get(identity);
        if (entry != null) {
            List.copyOf(entry.links.entrySet()).stream()
                    .filter(each -> Endings.of(each.getKey().kind(), each.getValue().link) == what)
                    .forEach(each -> each.getValue().fail(condition));
        }
    }

    /** Detaches every link of the identity, no other. */
    void fail(HubIdentity identity, ErrorCondition condition) {
        Entry entry = entries.get(identity);
        if (entry != null) {
            for (HubLink link : List.copyOf(entry.links.values())) {
                link.fail(condition);
            }
        }
    }
}
