// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;

/**
 * The client's half of one AMQP 1.0 connection without its socket: bytes and calls go in, bytes and events come out. Confined to one
 * event loop. Nothing that the peer sends makes a method throw: it ends the connection through {@link EngineEvents#failed}.
 */
interface AmqpEngine {
    /** How long {@link #tick} may be put off when nothing is due. */
    long NOTHING_DUE = Long.MAX_VALUE;

    /** Starts: protocol headers, SASL, open. The first call, once. */
    void open(Opening opening, EngineEvents events);

    /** How many sessions the peer takes at once; known once it has opened. */
    int sessionsAtMost();

    /** Begins a session; does not wait for the peer. Keeping to {@link #sessionsAtMost} is the caller's affair. */
    EngineSession begin(SessionEvents events);

    /** Says goodbye: {@link EngineEvents#closed} comes when the peer has answered. */
    void close();

    /** Borrows what came from the wire and reads all of it; events are raised within this call. */
    void feed(ByteBuf in);

    /** Gives all that is to be written now, in order, in pieces of 64 KiB at most. */
    void drainTo(Consumer<ByteBuf> wire, ByteBufAllocator buffers);

    /**
     * Looks at the clock: notices a silent peer, and arranges for an empty frame before the peer takes us for dead.
     *
     * @return in how many nanoseconds to call again
     */
    long tick();
}
