// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.concurrent.CompletionStage;

/**
 * Tokens that somebody else signs: a security daemon, a chip, a service of the site. The application implements it, and opens a session
 * with it as with any other credentials:
 *
 * <pre>{@code
 * SasTokenProvider vault = request -> client.sign(request.resource()).thenApply(SasToken::of);
 * transport.open(Identity.device("dev-1"), vault);
 * }</pre>
 *
 * <p>Asked anew for each connection attempt and ahead of the end of each token, on a thread where a short wait does no harm; there are few
 * of these threads for all sessions, so what takes long is better done elsewhere and completed later. Never asked twice at once for the
 * same identity: who asks meanwhile gets the same token. An answer has 30 s. While a token is valid, a session stays up whatever becomes
 * of the request for the next one.
 */
@FunctionalInterface
public non-sealed interface SasTokenProvider extends Credentials {
    /**
     * Begins to make a token that lasts longer than any before.
     *
     * <p>What it throws or completes with reaches the application, as the cause of a failure of kind {@link FailureKind#INTERNAL}; an
     * {@link java.io.IOException}, which may pass by itself, as {@link FailureKind#SERVER_ERROR}; an {@link UpstreamException} as it is.
     *
     * @return is completed on any thread, never with null
     */
    CompletionStage<SasToken> token(TokenRequest request);
}
