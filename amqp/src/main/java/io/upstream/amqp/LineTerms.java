// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Credentials;
import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import io.upstream.session.SessionTerms;
import io.upstream.session.TokenSource;
import org.jspecify.annotations.Nullable;

/**
 * What all lines of one identity have in common.
 *
 * @param session what the session stands on
 * @param tokens where the identity's tokens come from; null if it proves itself in another way
 * @param telemetryAddress where telemetry goes
 */
record LineTerms(SessionTerms session, @Nullable TokenSource tokens, String telemetryAddress) {
    static LineTerms of(SessionTerms session, Credentials credentials) {
        UpstreamOptions options = session.options();
        Identity identity = session.identity();
        TokenSource tokens = TokenSource.serves(credentials)
                ? new TokenSource(credentials, options.hubHost(), identity, session.runtime())
                : null;
        String address = options.telemetryAddress();
        return new LineTerms(session, tokens, address.isEmpty() ? HubAddresses.telemetry(identity) : address);
    }

    Identity identity() {
        return session.identity();
    }

    UpstreamOptions options() {
        return session.options();
    }

    /** Whose tokens these are, as the hub's token service calls it. */
    String audience() {
        return HubAddresses.audience(options().hubHost(), identity());
    }
}
