// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.PercentText;
import org.jspecify.annotations.Nullable;

/**
 * What a device asks for, or answers to, by publishing to a topic below {@code $iothub}.
 *
 * @param requestId the {@code $rid} as the client wrote it
 * @param status of a method's answer; 0 for the others
 * @param version the {@code $version} that a report is based on, as the client wrote it
 */
record DeviceRequest(
        Kind kind, String requestId, int status, @Nullable String version) {
    enum Kind {
        TWIN_GET,
        TWIN_REPORT,
        METHOD_ANSWER
    }

    private static final String PREFIX = "$iothub/";
    private static final String GET = "$iothub/twin/GET";
    private static final String REPORT = "$iothub/twin/PATCH/properties/reported";
    private static final String ANSWER = "$iothub/methods/res/";

    static boolean isOne(String topic) {
        return topic.startsWith(PREFIX);
    }

    /** Reads such a topic; its parameters may come in any order, their names with a raw or an encoded dollar. */
    static DeviceRequest parse(String topic) throws HubException {
        int tail = topic.indexOf("/?");
        String path = tail < 0 ? topic : topic.substring(0, tail);
        String requestId = null;
        String version = null;
        for (String pair : (tail < 0 ? "" : topic.substring(tail + 2)).split("&", -1)) {
            int equals = pair.indexOf('=');
            String value = pair.substring(equals + 1);
            switch (PercentText.decode(pair.substring(0, Math.max(0, equals)))) {
                case "$rid" -> requestId = value;
                case "$version" -> version = value;
                default -> {} // the hub knows no others, and nobody minds them
            }
        }
        if (requestId == null || requestId.isEmpty()) {
            throw new HubException(HubError.MALFORMED, "the topic has no $rid");
        }
        if (path.equals(GET)) {
            return new DeviceRequest(Kind.TWIN_GET, requestId, 0, version);
        }
        if (path.equals(REPORT)) {
            return new DeviceRequest(Kind.TWIN_REPORT, requestId, 0, version);
        }
        if (path.startsWith(ANSWER)) {
            return new DeviceRequest(Kind.METHOD_ANSWER, requestId, status(path.substring(ANSWER.length())), version);
        }
        throw new HubException(HubError.MALFORMED, "the hub has no such topic below $iothub");
    }

    private static int status(String text) throws HubException {
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new HubException(HubError.MALFORMED, "the status of a method's answer is not a number");
        }
    }
}
