// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** One session of a connection. */
interface EngineSession {
    /** Attaches a link on which we send; does not wait for the peer. */
    EngineSender sender(LinkTerms terms, SenderEvents events);

    /** Attaches a link on which we receive, without credit; does not wait for the peer. */
    EngineReceiver receiver(LinkTerms terms, ReceiverEvents events);

    /** Ends it with its links: {@link SessionEvents#ended} comes when the peer has answered. Idempotent. */
    void end();
}
