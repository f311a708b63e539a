// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyChallenge;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A challenge of Digest that can be answered (RFC 7616 section 3.3; without {@code qop}, RFC 2069).
 *
 * @param opaque to be repeated, or null
 * @param algorithmName as sent, to be repeated; null for MD5 by default
 * @param session whether the hash of user and password is mixed with the first nonces
 * @param userhash whether the user name is sent as a hash
 */
record DigestChallenge(
        String realm,
        String nonce,
        @Nullable String opaque,
        DigestAlgorithm algorithm,
        @Nullable String algorithmName,
        boolean session,
        Qop qop,
        boolean userhash) {

    /** What the response covers. */
    enum Qop {
        NONE(""),
        AUTH("auth"),
        /** The body too, and a CONNECT has none. */
        AUTH_INT("auth-int");

        private final String wireName;

        Qop(String wireName) {
            this.wireName = wireName;
        }

        String wireName() {
            return wireName;
        }
    }

    /** Empty for what is no Digest, has no nonce, or asks for an algorithm or protection that nobody here knows. */
    static Optional<DigestChallenge> of(ProxyChallenge challenge) {
        Map<String, String> parameters = challenge.parameters();
        String nonce = parameters.getOrDefault("nonce", "");
        String name = parameters.get("algorithm");
        Optional<DigestAlgorithm> algorithm =
                name == null ? Optional.of(DigestAlgorithm.MD5) : DigestAlgorithm.named(name);
        Optional<Qop> qop = qop(parameters.get("qop"));
        if (!challenge.isOf("Digest") || nonce.isEmpty() || algorithm.isEmpty() || qop.isEmpty()) {
            return Optional.empty();
        }
        if (!parameters.values().stream().allMatch(OutgoingValue::isSendable)) {
            return Optional.empty();
        }
        boolean session = name != null && name.toLowerCase(Locale.ROOT).endsWith(DigestAlgorithm.SESSION_SUFFIX);
        if (session && qop.get() == Qop.NONE) {
            return Optional.empty(); // the proxy could not know the client's nonce
        }
        return Optional.of(new DigestChallenge(
                parameters.getOrDefault("realm", ""),
                nonce,
                parameters.get("opaque"),
                algorithm.get(),
                name,
                session,
                qop.get(),
                "true".equalsIgnoreCase(parameters.get("userhash"))));
    }

    /** Whether the proxy would have taken the same answer with a younger nonce. */
    static boolean isStale(ProxyChallenge challenge) {
        return "true".equalsIgnoreCase(challenge.parameters().get("stale"));
    }

    /** The same terms with the nonce that the proxy wants to see next. */
    DigestChallenge withNonce(String next) {
        return new DigestChallenge(realm, next, opaque, algorithm, algorithmName, session, qop, userhash);
    }

    private static Optional<Qop> qop(@Nullable String offered) {
        if (offered == null || offered.isBlank()) {
            return Optional.of(Qop.NONE);
        }
        List<String> options =
                Arrays.stream(offered.split(",", -1)).map(String::strip).toList();
        if (options.stream().anyMatch(Qop.AUTH.wireName::equalsIgnoreCase)) {
            return Optional.of(Qop.AUTH);
        }
        return options.stream().anyMatch(Qop.AUTH_INT.wireName::equalsIgnoreCase)
                ? Optional.of(Qop.AUTH_INT)
                : Optional.empty();
    }
}
