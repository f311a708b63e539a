// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyAuthenticator.Conversation;
import io.upstream.ProxyAuthenticator.TunnelRequest;
import io.upstream.ProxyChallenge;
import io.upstream.UserPassword;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A scheme with nonces, told from Digest by its answers, which show the nonce: for tests of the dialogue, not of the scheme. */
final class PlainDigest implements PasswordScheme {
    @Override
    public String name() {
        return "Digest";
    }

    @Override
    public int strength(ProxyChallenge challenge) {
        return challenge.isOf(name()) && challenge.parameters().containsKey("nonce") ? DIGEST_SHA_256 : 0;
    }

    @Override
    public Conversation begin(TunnelRequest request, UserPassword credentials) {
        return new Conversation() {
            @Override
            public CompletionStage<String> answer(ProxyChallenge challenge) {
                return CompletableFuture.completedFuture("Digest " + credentials.user() + " "
                        + challenge.parameters().get("nonce"));
            }
        };
    }
}
