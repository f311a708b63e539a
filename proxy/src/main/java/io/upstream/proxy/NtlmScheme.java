// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UserPassword;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.function.Supplier;

/**
 * NTLM (MS-NLMP), version 2 only. It can be relayed by whoever reads the connection to the proxy, so it is for those who ask for it. User
 * names: {@code DOMAIN\name}, {@code DOMAIN/name}, {@code name@example.com}.
 */
final class NtlmScheme implements PasswordScheme {
    private final Supplier<byte[]> clientNonces;
    private final Clock clock;

    NtlmScheme() {
        this(randomNonces(), Clock.systemUTC());
    }

    NtlmScheme(Supplier<byte[]> clientNonces, Clock clock) {
        this.clientNonces = clientNonces;
        this.clock = clock;
    }

    private static Supplier<byte[]> randomNonces() {
        SecureRandom random = new SecureRandom();
        return () -> {
            byte[] nonce = new byte[Long.BYTES];
            random.nextBytes(nonce);
            return nonce;
        };
    }

    @Override
    public String name() {
        return "NTLM";
    }

    @Override
    public int strength(ProxyChallenge challenge) {
        return challenge.isOf(name()) ? NTLM : 0;
    }

    @Override
    public Conversation begin(TunnelRequest request, UserPassword credentials) {
        DigestScheme.refuseControlCharacters(credentials.user());
        return new NtlmConversation(request, credentials, clientNonces, clock);
    }
}
