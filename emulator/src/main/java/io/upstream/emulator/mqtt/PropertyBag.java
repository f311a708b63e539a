// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.PercentText;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The properties at the end of a topic: {@code pair *("&" pair) ["/"]} with {@code pair = key ["=" value]}, percent-encoded
 * UTF-8 on both sides.
 */
final class PropertyBag {
    private PropertyBag() {}

    /**
     * Reads the bag in its order. A leading {@code ?} is stripped, a raw slash ends the bag and must be its last character, the last
     * of equal keys wins, and a key without {@code =} has the empty value.
     */
    static Map<String, String> parse(String text) throws HubException {
        String bag = text.startsWith("?") ? text.substring(1) : text;
        int slash = bag.indexOf('/');
        if (slash >= 0) {
            if (slash != bag.length() - 1) {
                throw malformed("has text behind the slash that ends it");
            }
            bag = bag.substring(0, slash);
        }
        Map<String, String> properties = new LinkedHashMap<>();
        if (bag.isEmpty()) {
            return properties;
        }
        for (String pair : bag.split("&", -1)) {
            int equals = pair.indexOf('=');
            String key = equals < 0 ? pair : pair.substring(0, equals);
            String value = equals < 0 ? "" : pair.substring(equals + 1);
            if (key.isEmpty() || value.indexOf('=') >= 0) {
                throw malformed(key.isEmpty() ? "has an empty key" : "has a raw = in a value");
            }
            properties.put(PercentText.decode(key), PercentText.decode(value));
        }
        return properties;
    }

    private static HubException malformed(String how) {
        return new HubException(HubError.MALFORMED, "the topic's property bag " + how);
    }
}
