// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.mqtt;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.PercentText;
import java.util.HashMap;
import java.util.Map;

/**
 * What a CONNECT says in its user name: {@code {hub}/{device}[/{module}]/?api-version=…}. Also taken, because they are seen:
 * without the question mark, and without the slash before it.
 *
 * @param parameters decoded; the first of equal keys wins
 */
record UserName(String hostName, HubIdentity identity, Map<String, String> parameters) {

    static UserName parse(String text) throws HubException {
        int tail = text.indexOf("/?");
        String path = tail < 0 ? text : text.substring(0, tail);
        String query = tail < 0 ? "" : text.substring(tail + 2);
        if (tail < 0) {
            int bare = text.indexOf("/api-version=");
            int glued = text.indexOf("?api-version=");
            int cut = bare >= 0 ? bare : glued;
            if (cut < 0) {
                throw refused("has no api-version");
            }
            path = text.substring(0, cut);
            query = text.substring(cut + 1);
        }
        String[] segments = path.split("/", -1);
        boolean complete = segments.length == 2 || segments.length == 3;
        for (String segment : segments) {
            complete &= !segment.isEmpty();
        }
        if (!complete) {
            throw refused("is not {hub}/{device}[/{module}]/?api-version=…");
        }
        Map<String, String> parameters = parameters(query);
        if (!parameters.containsKey("api-version")) {
            throw refused("has no api-version");
        }
        HubIdentity identity =
                segments.length == 2 ? HubIdentity.device(segments[1]) : HubIdentity.module(segments[1], segments[2]);
        return new UserName(segments[0], identity, parameters);
    }

    private static Map<String, String> parameters(String query) {
        Map<String, String> parameters = new HashMap<>();
        for (String pair : query.split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0) {
                parameters.putIfAbsent(pair.substring(0, equals), lenient(pair.substring(equals + 1)));
            }
        }
        return parameters;
    }

    /** Node sends the model id and parts of the agent string unencoded, so a stray percent sign is no error. */
    private static String lenient(String value) {
        try {
            return PercentText.decode(value);
        } catch (HubException e) {
            return value;
        }
    }

    private static HubException refused(String how) {
        return new HubException(HubError.UNAUTHORIZED, "the user name " + how);
    }
}
