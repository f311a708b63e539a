// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyChallenge;
import io.upstream.UserPassword;

/**
 * A scheme that proves a user name and password. Thread-safe; one object serves all attempts of a runtime, and may remember what proxies
 * have accepted, by the proxy's kind, address and user.
 *
 * <p>Of its conversations: {@code unasked()} is called at most once, first, and only if sending credentials before a challenge is wanted.
 * {@code answer} is called for each 407 that offers the scheme again. The dialogue counts: an unbound answer that is refused by a challenge
 * without {@code stale=true} is refused credentials, and so is an answer equal to the one that was refused; a conversation that sees by
 * itself that the proxy has refused the credentials fails with {@link CredentialsRefused}, and with anything else for what goes wrong here.
 */
interface PasswordScheme {
    /** Strengths of challenges, so that those of different schemes compare. */
    int BASIC = 10;

    int DIGEST_MD5 = 20;
    int NTLM = 30;
    int DIGEST_SHA_256 = 40;
    int DIGEST_SHA_512_256 = 50;

    /** As in {@code Proxy-Authenticate}; compared without regard to case. */
    String name();

    /** How well an answer to this challenge protects the password; higher is preferred, 0 if the challenge cannot be answered. */
    int strength(ProxyChallenge challenge);

    /**
     * Begins for one attempt to get through one proxy.
     *
     * @throws IllegalArgumentException if the scheme cannot express the credentials; without repeating them
     */
    ProxyAuthenticator.Conversation begin(ProxyAuthenticator.TunnelRequest request, UserPassword credentials);
}
