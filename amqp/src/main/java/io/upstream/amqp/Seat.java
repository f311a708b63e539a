// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.session.Tokens;
import io.upstream.Identity;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import java.util.Optional;
import java.util.concurrent.CompletionStage;

/** One identity's place on a connection, and what it needs to know there. */
interface Seat {
    Identity identity();

    UpstreamProtocol protocol();

    UpstreamOptions options();

    UpstreamRuntime runtime();

    /** The identity's tokens; empty for a server that is no IoT Hub, whose limits do not hold then either. */
    Optional<Tokens> tokens();

    /** Where telemetry goes. */
    String telemetryAddress();

    /** Gives the place back; completes when what that closes is closed. Never fails. */
    CompletionStage<Void> leave(AmqpSession session);
}
