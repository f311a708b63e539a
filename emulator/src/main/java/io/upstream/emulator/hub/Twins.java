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
    ObjectNode serviceView(RegisteredIdentity entry, IdentityState state) {
        HubIdentity identity = entry.identity();
        @Nullable String moduleId = identity.moduleId();
        ObjectNode view = JsonNodeFactory.instance.objectNode().put("deviceId", identity.deviceId());
        if (moduleId != null) {
            view.put("moduleId", moduleId);
        }
        view.put("deviceEtag", entry.etag());
        view.put("status", entry.status() == IdentityStatus.ENABLED ? "enabled" : "disabled");
        view.put("statusUpdateTime", entry.statusUpdated().toString());
        view.put("connectionState", state.connected() ? "Connected" : "Disconnected");
        view.put("lastActivityTime", state.active().toString());
        view.put("cloudToDeviceMessageCount", state.cloudMessages());
        view.put("authenticationType", entry.authentication().typeName());
        if (moduleId == null) {
            view.putObject("capabilities").put("iotEdge", entry.edge());
        }
        of(identity).describe(view);
        return view;
    }
}
