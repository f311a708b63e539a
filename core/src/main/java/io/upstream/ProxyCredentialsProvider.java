// SPDX-License-Identifier: Apache-2.0
package io.upstream;

import java.util.Objects;
import java.util.concurrent.CompletionStage;

/**
 * Gives the user name and password for a proxy when it asks for them, from a vault or a file that changes. Thread-safe; asked on an event
 * loop, which must not be blocked, at most twice for one attempt to connect.
 */
@FunctionalInterface
public interface ProxyCredentialsProvider {
    /**
     * Begins to find the credentials.
     *
     * <p>What it throws or completes with ends the attempt: an {@link UpstreamException} as it is, anything else as the cause of one of kind
     * {@link FailureKind#PROXY_AUTH}.
     *
     * @return is completed on any thread, never with null
     */
    CompletionStage<UserPassword> credentials(Request request);

    /**
     * What the credentials are wanted for.
     *
     * @param proxy which proxy asks
     * @param scheme such as {@code Digest}; with {@code Basic} the proxy learns the password
     * @param realm what the proxy calls the place that it guards; may be empty, and says nothing that can be trusted
     * @param rejected whether the proxy has just refused the credentials given before: the same once more are not sent
     */
    record Request(ProxyServer proxy, String scheme, String realm, boolean rejected) {
        public Request {
            Objects.requireNonNull(proxy, "proxy");
            Objects.requireNonNull(scheme, "scheme");
            Objects.requireNonNull(realm, "realm");
        }
    }
}
