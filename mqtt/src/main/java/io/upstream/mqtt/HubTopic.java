// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import org.jspecify.annotations.Nullable;

/**
 * What the topic of a packet from the hub says that is no message: {@code $iothub/…/?$rid=…&$version=…}. The order of the keys is free,
 * their dollar may be percent-encoded, keys that nobody knows are passed over, of two equal ones the last counts. Values are left as they
 * stand in the topic, since the one that matters goes back as it came. Source: the hub's guide to MQTT, "Retrieve a device twin's
 * properties" to "Respond to a direct method".
 *
 * @param kind what came
 * @param name the status of an answer, the name of a method; empty for a change
 * @param rid by which question and answer find each other; empty for a change
 * @param versionText empty if there is none
 */
record HubTopic(Kind kind, String name, String rid, String versionText) {
    private static final String TWIN_ANSWER = "$iothub/twin/res/";
    private static final String DESIRED_CHANGE = "$iothub/twin/PATCH/properties/desired";
    private static final String METHOD_CALL = "$iothub/methods/POST/";

    /** The hub's are UUIDs or shorter. Whoever sends longer ones must not make the answer's topic too long for MQTT. */
    private static final int MAX_RID = 1_024;

    enum Kind {
        TWIN_ANSWER,
        DESIRED_CHANGE,
        METHOD_CALL
    }

    /** Reads a topic; null if it is none of these, or lacks what its kind must have. */
    static @Nullable HubTopic parse(String topic) {
        int query = topic.indexOf("/?");
        String path = query < 0 ? topic : topic.substring(0, query);
        String rid = "";
        String version = "";
        for (String pair :
                query < 0 ? new String[0] : topic.substring(query + 2).split("&", -1)) {
            int equals = Math.max(pair.indexOf('='), 0);
            String value = pair.substring(Math.min(equals + 1, pair.length()));
            switch (pair.substring(0, equals)) {
                case "$rid", "%24rid" -> rid = value;
                case "$version", "%24version" -> version = value;
                default -> {} // whatever else the hub may come to say
            }
        }
        if (path.equals(DESIRED_CHANGE) || path.equals(DESIRED_CHANGE + "/")) {
            return new HubTopic(Kind.DESIRED_CHANGE, "", "", version);
        } else if (rid.isEmpty() || rid.length() > MAX_RID) {
            return null;
        } else if (path.startsWith(TWIN_ANSWER)) {
            return new HubTopic(Kind.TWIN_ANSWER, path.substring(TWIN_ANSWER.length()), rid, version);
        }
        String method = path.startsWith(METHOD_CALL) ? path.substring(METHOD_CALL.length()) : "";
        return method.isEmpty() || method.indexOf('/') >= 0
                ? null
                : new HubTopic(Kind.METHOD_CALL, method, rid, version);
    }

    /** The status of an answer: three digits; or -1 if something else stands there. */
    int status() {
        return name.length() == 3 && isNumber(name) ? Integer.parseInt(name) : -1;
    }

    /** 0 if there is none, -1 if something else than a number stands there. */
    long version() {
        if (versionText.isEmpty()) {
            return 0;
        }
        return versionText.length() <= 18 && isNumber(versionText) ? Long.parseLong(versionText) : -1;
    }

    private static boolean isNumber(String text) {
        return text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
