// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/**
 * One scheme of proxy authentication (RFC 9110 section 11), for schemes that the library does not bring: give it to {@link
 * ProxyAuthentication}. Thread-safe; asked by many attempts at once.
 */
public interface ProxyAuthenticator {
    /** The scheme's name as the proxy offers it in {@code Proxy-Authenticate}; compared without regard to case. */
    String scheme();

    /** Begins for one attempt to get through one proxy. */
    Conversation begin(TunnelRequest request);

    /**
     * What is asked of the proxy.
     *
     * @param proxy which proxy; credentials never go to another
     * @param authority the request-target of the CONNECT, {@code host:port} as it is on the wire
     */
    record TunnelRequest(ProxyServer proxy, String authority) {}

    /**
     * The turns of one attempt. Called by one thread at a time, which must not be blocked. What it throws, and null where something is
     * expected, ends its scheme for this attempt.
     */
    interface Conversation extends AutoCloseable {
        /** A value of {@code Proxy-Authorization} to send before the proxy asks, such as one by what it accepted earlier. */
        default Optional<String> unasked() {
            return Optional.empty();
        }

        /**
         * The value of {@code Proxy-Authorization} that answers a challenge of this scheme. Completes on any thread; fails with an {@link
         * UpstreamException} that says why there is no answer.
         */
        CompletionStage<String> answer(ProxyChallenge challenge);

        /** Whether the last answer is part of a dialogue that only goes on over the same connection, as with NTLM and Negotiate. */
        default boolean isBound() {
            return false;
        }

        /**
         * The tunnel is open: a last look at what the proxy sent with its 2xx.
         *
         * @param fields names in lower case, values in the order of the wire
         * @throws UpstreamException if the proxy had to prove itself and did not
         */
        default void opened(Map<String, List<String>> fields) throws UpstreamException {}

        /**
         * The conversation is over, whatever came of it: the tunnel is open, the proxy refused, the connection was lost or the attempt was
         * given up, also while an answer is being made, which nobody waits for any more. Comes once, last; secrets are dropped here.
         */
        @Override
        default void close() {}
    }
}
