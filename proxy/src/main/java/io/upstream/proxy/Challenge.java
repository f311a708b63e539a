// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import java.util.List;
import java.util.Map;

/**
 * One way in which a proxy would accept credentials, from a {@code Proxy-Authenticate} field (RFC 9110 section 11).
 *
 * @param scheme as sent; compare without regard to case
 * @param token the token68 form, such as a Negotiate token, or empty
 * @param parameters names in lower case, values unescaped
 */
record Challenge(String scheme, String token, Map<String, String> parameters) {

    Challenge {
        parameters = Map.copyOf(parameters);
    }

    boolean isBasic() {
        return scheme.equalsIgnoreCase("Basic");
    }

    /** All challenges of all field lines, at most {@value ChallengeReader#MAX_CHALLENGES}. */
    static List<Challenge> parse(List<String> lines) {
        return lines.stream()
                .flatMap(line -> new ChallengeReader(line).read().stream())
                .limit(ChallengeReader.MAX_CHALLENGES)
                .toList();
    }
}
