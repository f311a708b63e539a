// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.HostPort;
import io.upstream.ProxyKind;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the conversations of Digest share: how often each nonce was used, so that its count only ever rises, and which challenge each
 * proxy accepted an answer to, so that the next connection need not wait for one. Holds no secret, and only so much. Thread-safe.
 */
final class DigestMemory {
    static final int MAX_NONCES = 1024;
    static final int MAX_OWNERS = 256;

    private final Map<Use, Count> counts = new LinkedHashMap<>(16, 0.75f, true);
    private final Map<Owner, DigestChallenge> accepted = new LinkedHashMap<>(16, 0.75f, true);

    /** Who answers whom: nonces of one proxy, and what it accepted, mean nothing to another. */
    record Owner(ProxyKind kind, HostPort proxy, String user) {}

    /**
     * One use of a nonce.
     *
     * @param count 1 for the first
     * @param clientNonce of a session always the first one's, since both sides derive the session's key from it; else fresh
     */
    record Turn(int count, String clientNonce) {}

    private record Use(Owner owner, String nonce) {}

    private static final class Count {
        private final String firstClientNonce;
        private int last;

        Count(String firstClientNonce) {
            this.firstClientNonce = firstClientNonce;
        }
    }

    /** Counts one more request with the challenge's nonce. */
    synchronized Turn next(Owner owner, DigestChallenge challenge, Supplier<String> clientNonces) {
        String fresh = clientNonces.get();
        Count count = counts.computeIfAbsent(new Use(owner, challenge.nonce()), unused -> new Count(fresh));
        dropEldest(counts, MAX_NONCES);
        count.last++;
        return new Turn(count.last, challenge.session() ? count.firstClientNonce : fresh);
    }

    /** The challenge to answer unasked. */
    synchronized Optional<DigestChallenge> accepted(Owner owner) {
        return Optional.ofNullable(accepted.get(owner));
    }

    /**
     * The proxy took an answer to {@code challenge}.
     *
     * @param next the nonce that it wants to see instead, or null
     */
    synchronized void accept(Owner owner, DigestChallenge challenge, @Nullable String next) {
        accepted.put(owner, next == null ? challenge : challenge.withNonce(next));
        dropEldest(accepted, MAX_OWNERS);
    }

    /** The proxy no longer takes {@code nonce}; what another connection learnt since stays. */
    synchronized void forget(Owner owner, String nonce) {
        accepted.computeIfPresent(owner, (unused, known) -> known.nonce().equals(nonce) ? null : known);
    }

    private static void dropEldest(Map<?, ?> map, int limit) {
        if (map.size() > limit) {
            var eldest = map.keySet().iterator();
            eldest.next();
            eldest.remove();
        }
    }
}
