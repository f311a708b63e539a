// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.UpstreamException;
import io.upstream.UpstreamProtocol;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;

/** Who, and the way to the hub, together. */
final class TargetOptions {
    @Mixin
    private final IdentityOptions identity = new IdentityOptions();

    @Mixin
    private final ConnectionOptions connection = new ConnectionOptions();

    /** Whether anything says who connects. */
    boolean isGiven(Map<String, String> env) {
        return identity.isGiven(env);
    }

    /**
     * Puts the options together.
     *
     * @param window how many sends may be unacknowledged at once
     * @throws IllegalArgumentException saying which option or variable cannot be used
     */
    Target resolve(Map<String, String> env, int window) throws UpstreamException {
        IdentityOptions.Who who = identity.resolve(env);
        return new Target(
                who.identity(),
                who.credentials(),
                connection
                        .resolve(who.hubHost(), who.gatewayHost(), env)
                        .outbox(window, 2L * Sender.WINDOW_BYTES)
                        .build());
    }

    Duration timeout() {
        return connection.timeout();
    }

    /** The protocol that the command line names, or all four. */
    List<UpstreamProtocol> protocols() {
        return connection.named();
    }
}
