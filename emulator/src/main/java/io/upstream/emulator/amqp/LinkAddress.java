// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.netty.handler.codec.http.QueryStringDecoder;
import io.upstream.emulator.hub.HubIdentity;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a link leads. {@code amqps://anything/devices/d/...} and {@code /devices/d/...} are the same; the fixed words are compared
 * case-insensitively, the ids are not.
 */
record LinkAddress(Kind kind, HubIdentity identity) {
    enum Kind {
        TELEMETRY,
        CLOUD_MESSAGES,
        TWIN,
        METHODS
    }

    static final String CBS = "$cbs";

    private static final Pattern FORM = Pattern.compile(
            "(?:amqps?://[^/]*)?/devices/([^/]+)(?:/modules/([^/]+))?/(messages/events|messages/devicebound|twin|methods/devicebound)",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern ESCAPED =
            Pattern.compile("(?:[^%]|%[0-9a-fA-F]{2})*%[0-9a-fA-F]{2}(?:[^%]|%[0-9a-fA-F]{2})*");

    /** Null if the hub has no such address. */
    static @Nullable LinkAddress parse(@Nullable String address) {
        Matcher matcher = FORM.matcher(address == null ? "" : address);
        if (!matcher.matches()) {
            return null;
        }
        String module = matcher.group(2);
        HubIdentity identity = new HubIdentity(id(matcher.group(1)), module == null ? null : id(module));
        return switch (matcher.group(3).toLowerCase(Locale.ROOT)) {
            case "messages/events" -> new LinkAddress(Kind.TELEMETRY, identity);
            case "messages/devicebound" -> new LinkAddress(Kind.CLOUD_MESSAGES, identity);
            case "twin" -> new LinkAddress(Kind.TWIN, identity);
            default -> new LinkAddress(Kind.METHODS, identity);
        };
    }

    /** Clients differ: some escape the id, some do not; an id may contain a percent sign of its own. */
    private static String id(String segment) {
        return ESCAPED.matcher(segment).matches()
                ? QueryStringDecoder.decodeComponent(segment.replace("+", "%2B"))
                : segment;
    }
}
