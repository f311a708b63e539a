// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What an HTTP proxy is told beside where to: some let requests through by such fields. Sent to the proxy only. Immutable; prints no
 * values, which may be secrets.
 *
 * @param userAgent the value of {@code User-Agent}, or empty to send none
 * @param more further fields in their order, at most 32 and 8 KiB together
 */
public record ProxyHeaders(String userAgent, Map<String, String> more) {
    private static final int MAX_FIELDS = 32;
    private static final int MAX_CHARS = 8 << 10;
    private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
    private static final Pattern VALUE = Pattern.compile("[\\t\\x20-\\x7E]*");

    /** Each would change where the request goes, where it ends, or who it is from. */
    private static final Set<String> RESERVED = Set.of(
            "host",
            "proxy-authorization",
            "content-length",
            "transfer-encoding",
            "connection",
            "proxy-connection",
            "user-agent",
            "expect",
            "upgrade",
            "te",
            "trailer");

    /** What is sent unless something else is chosen; made last, when the patterns are there. */
    public static final ProxyHeaders DEFAULT = new ProxyHeaders("Upstream", Map.of());

    /** @throws IllegalArgumentException for what would not be one field of its own, or is set elsewhere; without repeating values */
    public ProxyHeaders {
        if (!VALUE.matcher(userAgent).matches()) {
            throw new IllegalArgumentException("User-Agent must be one line of printable ASCII");
        }
        if (more.size() > MAX_FIELDS) {
            throw new IllegalArgumentException(
                    "at most " + MAX_FIELDS + " header fields go to a proxy, not " + more.size());
        }
        int chars = userAgent.length();
        for (Map.Entry<String, String> field : more.entrySet()) {
            check(field.getKey(), field.getValue());
            chars += field.getKey().length() + field.getValue().length();
        }
        if (chars > MAX_CHARS) {
            throw new IllegalArgumentException(
                    "header fields for a proxy must not exceed " + MAX_CHARS + " characters");
        }
        more = Collections.unmodifiableMap(new LinkedHashMap<>(more));
    }

    private static void check(String name, String value) {
        if (!TOKEN.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    "not the name of a header field: '" + name.replaceAll("[^!-~]", "?") + "'");
        }
        if (RESERVED.contains(name.toLowerCase(Locale.ROOT))) {
            throw new IllegalArgumentException("the header field " + name + " of a CONNECT cannot be chosen");
        }
        if (!VALUE.matcher(value).matches()) {
            throw new IllegalArgumentException("the header field " + name + " must be one line of printable ASCII");
        }
    }

    /** These with another field; a field of the same name in another case counts as another. */
    public ProxyHeaders with(String name, String value) {
        Map<String, String> fields = new LinkedHashMap<>(more);
        fields.put(name, value);
        return new ProxyHeaders(userAgent, fields);
    }

    @Override
    public String toString() {
        return "ProxyHeaders[userAgent=" + userAgent + ", more=" + more.keySet() + "]";
    }
}
