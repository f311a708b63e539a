// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The twins of all identities. Whoever asks has made sure that the identity exists. */
final class Twins {
    private final Clock clock;
    private final ConcurrentHashMap<HubIdentity, Twin> twins = new ConcurrentHashMap<>();

    Twins(Clock clock) {
        this.clock = clock;
    }

    Twin of(HubIdentity identity) {
        return twins.computeIfAbsent(identity, id -> new Twin(clock));
    }

    void remove(HubIdentity identity) {
        twins.remove(identity);
    }

    /** The whole twin in the JSON of the service's REST API. */
    ObjectNode serviceView(RegisteredIdentity entry, boolean connected, int messageCount) {
        HubIdentity identity = entry.identity();
        @Nullable String moduleId = identity.moduleId();
        ObjectNode view = JsonNodeFactory.instance.objectNode().put("deviceId", identity.deviceId());
        if (moduleId != null) {
            view.put("moduleId", moduleId);
        }
        view.put("deviceEtag", Long.toString(entry.version()));
        view.put("status", entry.status() == IdentityStatus.ENABLED ? "enabled" : "disabled");
        view.put("connectionState", connected ? "Connected" : "Disconnected");
        view.put("cloudToDeviceMessageCount", messageCount);
        view.put("authenticationType", "sas");
        of(identity).describe(view);
        return view;
    }
}
