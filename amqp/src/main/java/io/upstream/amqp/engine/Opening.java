// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import io.upstream.ClientCertificate;
import io.upstream.Credentials;
import io.upstream.UserPassword;
import java.time.Duration;

/**
 * How a connection introduces itself.
 *
 * @param hostname the hub's name, whatever host the socket leads to
 * @param idleTimeOut how long the peer may be silent, and what it is told so
 * @param signEvery how long we are silent at most, even if the peer would take more, or asks for nothing
 */
public record Opening(Login login, String containerId, String hostname, Duration idleTimeOut, Duration signEvery) {
    /** What comes before the peers open (AMQP 1.0 section 5.3). */
    public sealed interface Login {
        /** SASL ANONYMOUS: who it is, nobody says yet, or at all. */
        Login ANONYMOUS = new Anonymous();

        /** No SASL layer at all: TLS has said who it is. So do Microsoft's own clients, and the hub offers nothing for it. */
        Login BY_TLS = new ByTls();

        /** The one that goes with an identity's credentials; a token is presented after the peers have opened. */
        static Login with(Credentials credentials) {
            if (credentials instanceof UserPassword login) {
                return new Plain(login);
            }
            return credentials instanceof ClientCertificate ? BY_TLS : ANONYMOUS;
        }
    }

    record Anonymous() implements Login {}

    record ByTls() implements Login {}

    /** SASL PLAIN. */
    record Plain(UserPassword login) implements Login {}
}
