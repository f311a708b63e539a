// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UserPassword;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.function.Supplier;

/**
 * Digest authentication (RFC 7616, with RFC 2617 and 2069 for proxies that never learnt more): MD5, SHA-256 and SHA-512-256, each also for
 * sessions. The password never goes over the wire, and what does is good for one request.
 */
final class DigestScheme implements PasswordScheme {
    private static final int CLIENT_NONCE_BYTES = 16;

    private final DigestMemory memory;
    private final Supplier<String> clientNonces;
    private final DigestHash.Source hashes;

    /** @param memory for all connections that may meet the same proxies */
    DigestScheme(DigestMemory memory) {
        this(memory, randomNonces(), MessageDigest::getInstance);
    }

    DigestScheme(DigestMemory memory, Supplier<String> clientNonces, DigestHash.Source hashes) {
        this.memory = memory;
        this.clientNonces = clientNonces;
        this.hashes = hashes;
    }

    /** A line break would end the field that the name stands in. */
    static void refuseControlCharacters(String user) {
        if (user.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a proxy's user name must not contain a control character");
        }
    }

    private static Supplier<String> randomNonces() {
        SecureRandom random = new SecureRandom();
        return () -> {
            byte[] nonce = new byte[CLIENT_NONCE_BYTES];
            random.nextBytes(nonce);
            return HexFormat.of().formatHex(nonce);
        };
    }

    @Override
    public String name() {
        return "Digest";
    }

    /** Of challenges with the same algorithm the proxy's first is the one to take (RFC 7616 section 3.7). */
    @Override
    public int strength(ProxyChallenge challenge) {
        return DigestChallenge.of(challenge)
                .map(usable -> usable.algorithm().strength())
                .orElse(0);
    }

    @Override
    public Conversation begin(TunnelRequest request, UserPassword credentials) {
        refuseControlCharacters(credentials.user());
        return new DigestConversation(request, credentials, memory, clientNonces, hashes);
    }
}
