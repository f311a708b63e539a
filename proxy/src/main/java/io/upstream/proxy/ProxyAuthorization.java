// SPDX-License-Identifier: Apache-2.0
package io.upstream.proxy;

import io.upstream.ProxyChallenge;
import java.util.List;
import java.util.Optional;

/** Decides the {@code Proxy-Authorization} of each CONNECT of one attempt. Confined to the channel's event loop. */
@FunctionalInterface
interface ProxyAuthorization {
    /** Nobody has given credentials. */
    ProxyAuthorization NONE = challenges -> Optional.empty();

    /**
     * The field's value for the next CONNECT.
     *
     * @param challenges of the 407 that this CONNECT answers; empty for the first
     * @return empty to send none, which ends the attempt when there was a challenge
     */
    Optional<String> answer(List<ProxyChallenge> challenges);
}
