// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.PercentText;
import java.util.Map;

/** The topics of one identity. */
final class Topics {
    private static final String EVENTS = "messages/events";
    private static final String CLOUD = "messages/devicebound/";

    private final HubIdentity identity;
    private final String root;

    Topics(HubIdentity identity) {
        this.identity = identity;
        String moduleId = identity.moduleId();
        this.root = "devices/" + identity.deviceId() + "/" + (moduleId == null ? "" : "modules/" + moduleId + "/");
    }

    /** The one filter that a device may subscribe to here: messages from the cloud. */
    String cloudFilter() {
        return root + CLOUD + "#";
    }

    String cloudTopic(HubMessage message) {
        return root + CLOUD + SystemProperties.bag(message);
    }

    /**
     * Reads the property bag off a telemetry topic of this identity.
     *
     * @throws HubException {@link HubError#MALFORMED} for every other topic
     */
    Map<String, String> telemetryBag(String topic) throws HubException {
        String rest;
        if (topic.startsWith(root)) {
            rest = topic.substring(root.length());
        } else {
            rest = behindEncodedIds(topic);
        }
        if (rest.equals(EVENTS)) {
            return Map.of();
        }
        if (!rest.startsWith(EVENTS + "/")) {
            throw unknown();
        }
        return PropertyBag.parse(rest.substring(EVENTS.length() + 1));
    }

    /** Ids may hold characters that a topic name cannot ({@code + #}); then they come percent-encoded. */
    private String behindEncodedIds(String topic) throws HubException {
        int levels = identity.moduleId() == null ? 2 : 4;
        String[] parts = topic.split("/", levels + 1);
        if (parts.length <= levels || !parts[0].equals("devices")) {
            throw unknown();
        }
        boolean same = PercentText.decode(parts[1]).equals(identity.deviceId());
        if (identity.moduleId() != null) {
            same &= parts[2].equals("modules") && PercentText.decode(parts[3]).equals(identity.moduleId());
        }
        if (!same) {
            throw unknown();
        }
        return parts[levels];
    }

    private HubException unknown() {
        return new HubException(HubError.MALFORMED, "the topic is none of those that " + identity + " may publish to");
    }
}
