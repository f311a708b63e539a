// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import org.jspecify.annotations.Nullable;

/**
 * What the topic of an answer from the provisioning service says behind {@link #PREFIX}: {@code 202/?$rid=1&retry-after=3}. The order of the
 * keys is free, the dollar may be percent-encoded, keys that nobody knows are passed over. Source: the service's guide to MQTT, "Registering
 * a device" and "Polling for registration operation status".
 *
 * @param retryAfter null if there is none
 */
record RegistrationTopic(int status, String rid, @Nullable String retryAfter) {
    static final String PREFIX = "$dps/registrations/res/";

    private static final String REGISTER = "$dps/registrations/PUT/iotdps-register/?$rid=";
    private static final String QUERY = "$dps/registrations/GET/iotdps-get-operationstatus/?$rid=";
    private static final int STATUS_DIGITS = 3;

    static String register(String rid) {
        return REGISTER + rid;
    }

    /** The id goes back as it came: what MQTT forbids in a topic was not in it, see {@link #isFit}. */
    static String query(String rid, String operationId) {
        return QUERY + rid + "&operationId=" + operationId;
    }

    /** Whether an operation id can stand in a topic. */
    static boolean isFit(String operationId) {
        return operationId.length() <= 1_024
                && operationId.chars().allMatch(c -> c > ' ' && c < 0x7F && "#+&?/".indexOf(c) < 0);
    }

    /** Reads what follows the prefix; null if it is no answer. */
    static @Nullable RegistrationTopic parse(String rest) {
        int query = rest.indexOf("/?");
        String status = query < 0 ? rest : rest.substring(0, query);
        if (status.length() != STATUS_DIGITS || !status.chars().allMatch(c -> c >= '0' && c <= '9')) {
            return null;
        }
        String rid = "";
        String retryAfter = null;
        for (String pair : query < 0 ? new String[0] : rest.substring(query + 2).split("&", -1)) {
            int equals = Math.max(pair.indexOf('='), 0);
            String value = pair.substring(Math.min(equals + 1, pair.length()));
            switch (pair.substring(0, equals)) {
                case "$rid", "%24rid" -> rid = value;
                case "retry-after" -> retryAfter = value;
                default -> {} // whatever else the service may come to say
            }
        }
        return new RegistrationTopic(Integer.parseInt(status), rid, retryAfter);
    }
}
