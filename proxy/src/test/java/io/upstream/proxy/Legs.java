// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.FailureKind;
import io.upstream.ProxyAuthenticator;
import io.upstream.ProxyChallenge;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A scheme of two legs on one connection, as NTLM is. */
final class Legs implements ProxyAuthenticator {
    @Override
    public String scheme() {
        return "Legs";
    }

    @Override
    public Conversation begin(TunnelRequest request) {
        return new Conversation() {
            private int leg;

            @Override
            public CompletionStage<String> answer(ProxyChallenge challenge) {
                leg++;
                return leg > 2
                        ? CompletableFuture.failedFuture(UpstreamException.of(
                                FailureKind.PROXY_AUTH, Where.here("tunnel"), "the legs were not taken"))
                        : CompletableFuture.completedFuture("Legs " + leg + (leg == 2 ? " " + challenge.token() : ""));
            }

            @Override
            public boolean isBound() {
                return leg > 0;
            }
        };
    }
}
