// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.UpstreamException;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.SessionEvents;
import io.upstream.session.Callbacks;
import io.upstream.session.Outbox;
import java.time.Duration;

/**
 * One identity's AMQP session with all its links: the one for telemetry is attached at once, the others when they are first of use.
 * Confined to the event loop.
 */
final class SessionLinks {
    private final EngineSession session;
    private final TelemetrySender telemetry;
    private final CloudReceiver cloud;
    private final TwinClient twin;
    private final MethodReceiver methods;

    /** Begins the session; does not wait for the hub. */
    SessionLinks(AmqpLine owner, AmqpConnection connection, LineTerms line, Outbox outbox, SessionEvents events) {
        Duration timeout = line.options().operationTimeout();
        Callbacks callbacks = line.session().callbacks();
        session = connection.engine().begin(events);
        LinkTerms terms = new LinkTerms(
                HubAddresses.linkName("telemetry"), line.telemetryAddress(), connection.linkProperties(), 0);
        telemetry = new TelemetrySender(
                owner,
                connection,
                session,
                terms,
                outbox,
                line.options().outboxMessages(),
                line.session().hub());
        cloud = new CloudReceiver(owner, connection, session, callbacks, timeout);
        twin = new TwinClient(owner, connection, session, callbacks, timeout);
        methods = new MethodReceiver(owner, connection, session, callbacks, timeout);
    }

    CloudReceiver cloud() {
        return cloud;
    }

    TwinClient twin() {
        return twin;
    }

    MethodReceiver methods() {
        return methods;
    }

    /** Sends what can be sent now. */
    void pump() {
        telemetry.pump();
        twin.pump();
        methods.pump();
    }

    /** Whether nobody waits for an answer on them: neither here nor at the hub. Telemetry counts elsewhere. */
    boolean isIdle() {
        return twin.isIdle() && methods.isIdle();
    }

    /** Says goodbye to the hub. Idempotent. */
    void detach() {
        telemetry.detach();
        session.end();
    }

    /** Fails what waits on the links on which the application receives or asks, and says goodbye. */
    void end(UpstreamException cause) {
        cloud.end(cause);
        twin.end(cause);
        methods.end(cause);
        detach();
    }
}
