// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.List;
import java.util.regex.Pattern;

/** Several proxies in one value, separated by commas. */
final class ProxyUrls {
    private static final Pattern COMMA = Pattern.compile("\\s*,\\s*");

    /** A password may hold a comma: where there is an @, only a comma before a scheme counts. */
    private static final Pattern COMMA_BEFORE_SCHEME = Pattern.compile("\\s*,\\s*(?=[A-Za-z][A-Za-z0-9+.-]*://)");

    private ProxyUrls() {}

    /** The values one by one, blank ones included: they are errors. */
    static List<String> split(String value) {
        Pattern comma = value.indexOf('@') < 0 ? COMMA : COMMA_BEFORE_SCHEME;
        return List.of(comma.split(value, -1));
    }
}
