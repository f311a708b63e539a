// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;

/** The addresses of an identity's links at the hub, and what all links carry. */
final class HubAddresses {
    static final String CBS = "$cbs";

    /** The hub's device API that this library was written against. */
    private static final String API_VERSION = "2021-04-12";

    private static final String CLIENT = "upstream-java/0.1";

    private HubAddresses() {}

    static String telemetry(Identity identity) {
        return base(identity) + "/messages/events";
    }

    /** Where an identity receives: a device what the back end sends it, a module what is routed to its inputs. */
    static String cloudMessages(Identity identity) {
        return base(identity) + (identity.moduleId() == null ? "/messages/devicebound" : "/messages/events");
    }

    static String twin(Identity identity) {
        return base(identity) + "/twin";
    }

    static String methods(Identity identity) {
        return base(identity) + "/methods/devicebound";
    }

    /** What a token speaks for. */
    static String audience(String hubHost, Identity identity) {
        return hubHost + base(identity);
    }

    static Map<String, String> linkProperties(UpstreamOptions options) {
        Map<String, String> properties = new HashMap<>();
        String productInfo = options.productInfo();
        properties.put("com.microsoft:client-version", productInfo.isEmpty() ? CLIENT : CLIENT + " " + productInfo);
        properties.put("com.microsoft:api-version", API_VERSION);
        if (!options.modelId().isEmpty()) {
            properties.put("com.microsoft:model-id", options.modelId());
        }
        if (!options.authChain().isEmpty()) {
            properties.put("com.microsoft:auth-chain", options.authChain());
        }
        return properties;
    }

    /**
     * What both links of a pair carry so that the hub knows them for one.
     *
     * @param common what all links carry
     * @param what {@code twin} or {@code methods}
     */
    static Map<String, String> pairProperties(Map<String, String> common, String what) {
        Map<String, String> properties = new HashMap<>(common);
        properties.put("com.microsoft:channel-correlation-id", what + ":" + UUID.randomUUID());
        return properties;
    }

    /** Unique, and tells a reader of traces what the link is. */
    static String linkName(String what) {
        return what + "-" + UUID.randomUUID();
    }

    private static String base(Identity identity) {
        String device = "/devices/" + escaped(identity.deviceId());
        return identity.moduleId() == null ? device : device + "/modules/" + escaped(identity.moduleId());
    }

    /** Of the characters that ids may have, those that mean something else in a URI's path. */
    private static String escaped(String id) {
        return id.replace("%", "%25").replace("#", "%23").replace("?", "%3F");
    }
}
