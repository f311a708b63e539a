// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.netty.buffer.ByteBuf;

/** One connection's protocol, without the socket. Not thread-safe. */
interface SinkProtocol {

    /**
     * Takes bytes from the reader index on, all of them; borrows the buffer.
     *
     * @param answers where to write what goes back
     * @throws ProtocolViolation if the connection cannot go on
     */
    void feed(ByteBuf in, ByteBuf answers) throws ProtocolViolation;

    /** Writes the answers that were put off until everything that had arrived was read. */
    void endOfRead(ByteBuf answers);

    /** Whether the peer has said goodbye. */
    boolean isOver();

    /** Gives back what it holds. */
    void release();
}
