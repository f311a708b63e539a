// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.PercentText;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The topics of one identity. */
final class Topics {
    private static final String EVENTS = "messages/events";
    private static final String CLOUD = "messages/devicebound/";
    private static final String INPUTS = "inputs/";

    private static final Map<String, Feed> HUB_FILTERS = Map.of(
            "$iothub/twin/res/#", Feed.TWIN_RESULTS,
            "$iothub/twin/PATCH/properties/desired/#", Feed.DESIRED_CHANGES,
            "$iothub/methods/POST/#", Feed.METHODS);

    private final HubIdentity identity;
    private final String root;
    /** The root in topics of the hub's own making: what a topic name cannot hold is percent-encoded in it. */
    private final String sendingRoot;

    Topics(HubIdentity identity) {
        this.identity = identity;
        String moduleId = identity.moduleId();
        this.root = "devices/" + identity.deviceId() + "/" + (moduleId == null ? "" : "modules/" + moduleId + "/");
        this.sendingRoot = root.replace("+", "%2B").replace("#", "%23");
    }

    /**
     * What a filter asks for.
     *
     * @throws HubException {@link HubError#MALFORMED} for all but the documented ones
     */
    Feed feed(String filter) throws HubException {
        Feed feed = feedOrNull(filter);
        if (feed == null) {
            throw new HubException(HubError.MALFORMED, identity + " subscribes to what the hub does not offer");
        }
        return feed;
    }

    @Nullable
    Feed feedOrNull(String filter) {
        if (HUB_FILTERS.containsKey(filter)) {
            return HUB_FILTERS.get(filter);
        }
        String rest;
        try {
            rest = behindRoot(filter);
        } catch (HubException e) {
            return null;
        }
        if (rest.equals(CLOUD + "#")) {
            return Feed.CLOUD_MESSAGES;
        }
        // Microsoft's C and .NET clients leave the word away.
        boolean inputs = identity.moduleId() != null && (rest.equals(INPUTS + "#") || rest.equals("#"));
        return inputs ? Feed.INPUTS : null;
    }

    /** The topic of a message to a device, or to the input that it names. */
    String topic(Feed feed, HubMessage message) {
        String place =
                feed == Feed.INPUTS ? INPUTS + message.systemProperties().getOrDefault("input-name", "") + "/" : CLOUD;
        return sendingRoot + place + SystemProperties.bag(message);
    }

    /**
     * Reads the property bag off a telemetry topic of this identity.
     *
     * @throws HubException {@link HubError#MALFORMED} for every other topic
     */
    Map<String, String> telemetryBag(String topic) throws HubException {
        String rest = behindRoot(topic);
        if (rest.equals(EVENTS)) {
            return Map.of();
        }
        if (!rest.startsWith(EVENTS + "/")) {
            throw unknown();
        }
        return PropertyBag.parse(rest.substring(EVENTS.length() + 1));
    }

    private String behindRoot(String topic) throws HubException {
        return topic.startsWith(root) ? topic.substring(root.length()) : behindEncodedIds(topic);
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
