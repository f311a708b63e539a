// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Map;

/**
 * One way in which a proxy would accept credentials, from a {@code Proxy-Authenticate} field (RFC 9110 section 11).
 *
 * @param scheme as sent; compare without regard to case
 * @param token the token68 form, such as a Negotiate token, or empty
 * @param parameters names in lower case, values unescaped
 */
public record ProxyChallenge(String scheme, String token, Map<String, String> parameters) {

    public ProxyChallenge {
        parameters = Map.copyOf(parameters);
    }

    /** Whether this is the scheme of that name. */
    public boolean isOf(String name) {
        return scheme.equalsIgnoreCase(name);
    }
}
