// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubIdentity;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;

/** The attached links of one connection by identity and purpose; an identity is present at the hub while it has one. */
final class LinkTable {
    private static final class Entry {
        final Map<LinkAddress.Kind, HubLink> links = new HashMap<>();
        final Hub.Presence presence;

        Entry(Hub.Presence presence) {
            this.presence = presence;
        }
    }

    private final Map<HubIdentity, Entry> entries = new HashMap<>();
    private final AmqpConnection connection;

    LinkTable(AmqpConnection connection) {
        this.connection = connection;
    }

    /** Adds a link; an earlier one of the same identity and purpose is detached. */
    void add(LinkAddress address, HubLink link) {
        Entry entry = entries.computeIfAbsent(address.identity(), this::connect);
        HubLink earlier = entry.links.put(address.kind(), link);
        if (earlier != null) {
            earlier.fail(new ErrorCondition(LinkError.STOLEN, "another link of the same purpose was attached"));
        }
    }

    private Entry connect(HubIdentity identity) {
        ErrorCondition kicked = new ErrorCondition(LinkError.DETACH_FORCED, "the identity has connected elsewhere");
        return new Entry(connection
                .hub()
                .connect(identity, "Amqp", () -> connection.run(() -> fail(identity, kicked))));
    }

    /** Forgets a link that is detached; does nothing if another has taken its place. */
    void remove(LinkAddress address, HubLink link) {
        Entry entry = entries.get(address.identity());
        if (entry != null && entry.links.remove(address.kind(), link) && entry.links.isEmpty()) {
            entries.remove(address.identity());
            entry.presence.close();
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
