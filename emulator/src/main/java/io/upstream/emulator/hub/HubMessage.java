// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.hub;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A message as the hub sees it, whatever protocol brought it or will carry it.
 *
 * @param systemProperties by the names of the hub's message format: {@code message-id}, {@code correlation-id}, {@code
 *     user-id}, {@code to}, {@code content-type}, {@code content-encoding}, {@code absolute-expiry-time}, {@code
 *     creation-time-utc}, {@code output-name}, {@code interface-id}, {@code dt-subject}, {@code ack} …; times are ISO-8601
 * @param properties the application's own, in the order in which they were given
 * @param body owned by this message from now on: not to be changed by whoever passed it
 */
@SuppressWarnings(
        "ArrayRecordComponent") // messages are never compared; a copy of each body would double the memory kept
public record HubMessage(Map<String, String> systemProperties, Map<String, String> properties, byte[] body) {

    public HubMessage {
        systemProperties = copy(systemProperties);
        properties = copy(properties);
    }

    private static Map<String, String> copy(Map<String, String> map) {
        return map.isEmpty() ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }
}
