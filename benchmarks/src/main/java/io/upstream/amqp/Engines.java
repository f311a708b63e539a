// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.upstream.benchmarks.codec.Wire;

/** Whose engine: the client's half of an AMQP connection, without its socket. */
public enum Engines {
    UPSTREAM,
    PROTON_J,
    PROTONJ2;

    Candidate make(Wire wire) {
        return switch (this) {
            case UPSTREAM -> new UpstreamCandidate(wire);
            case PROTON_J -> new ProtonJCandidate(wire);
            case PROTONJ2 -> new ProtonJ2Candidate(wire);
        };
    }

    /** An engine with one connection, one session and one link, whose peer is a {@link PeerScript}. */
    interface Candidate {
        /** Opens a link on which {@link #send} works; its messages are the sample with {@code payload} each, encoded before. */
        void openSender(byte[] payload);

        /** Opens a link with credit without end; each message that comes is told to {@code inbox}, then accepted and settled. */
        void openReceiver(Inbox inbox);

        /** Sends one message, unsettled. */
        void send();

        /** Takes what the peer writes. */
        void feed(ByteBuf in);

        /** An event loop's turn ends: all that is to be written goes to the wire. */
        void flush();

        /** How many of its messages the peer has accepted. */
        long accepted();
    }

    /** Where messages go. */
    interface Inbox {
        /** Borrows a message's sections, as something that holds bytes. */
        void message(Object sections);
    }
}
