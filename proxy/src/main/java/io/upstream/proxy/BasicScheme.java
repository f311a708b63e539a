// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UserPassword;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** Basic authentication (RFC 7617): the password in clear, readable for whoever reads the connection to the proxy. */
final class BasicScheme implements PasswordScheme {
    static final String NAME = "Basic";

    /** RFC 7617 section 2: no colon in the user name, no control character in either. */
    static void check(UserPassword credentials) {
        if (credentials.user().indexOf(':') >= 0) {
            throw new IllegalArgumentException("a proxy's user name must not contain a colon");
        }
        if ((credentials.user() + credentials.password()).chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException("a proxy's user name and password must not contain a control character");
        }
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public int strength(ProxyChallenge challenge) {
        return challenge.isOf(NAME) ? BASIC : 0;
    }

    @Override
    public Conversation begin(TunnelRequest request, UserPassword credentials) {
        check(credentials);
        byte[] pair = (credentials.user() + ":" + credentials.password()).getBytes(StandardCharsets.UTF_8);
        return new Pair("Basic " + Base64.getEncoder().encodeToString(pair));
    }

    private static final class Pair implements Conversation {
        private final String value;

        Pair(String value) {
            this.value = value;
        }

        @Override
        public Optional<String> unasked() {
            return Optional.of(value);
        }

        @Override
        public CompletionStage<String> answer(ProxyChallenge challenge) {
            return CompletableFuture.completedFuture(value);
        }
    }
}
