// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.session.TokenSource;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** One identity's place on a connection, and what it needs to know there. */
interface Seat {
    Identity identity();

    UpstreamProtocol protocol();

    UpstreamOptions options();

    UpstreamRuntime runtime();

    /** Whether the peer is an IoT Hub, whose limits hold then. */
    boolean atHub();

    /** Where the identity's tokens come from; empty if it proves itself in another way. */
    Optional<TokenSource> tokens();

    /** Where telemetry goes. */
    String telemetryAddress();

    /** Gives the place back; completes when what that closes is closed. Never fails. */
    CompletionStage<Void> leave(AmqpSession session);
}
