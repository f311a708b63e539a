// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import java.util.function.Consumer;

/** A link on which we send. */
interface EngineSender {
    /** How many messages the peer will take now; never negative. */
    int credit();

    /** The longest message in bytes that the peer takes, or {@link Long#MAX_VALUE}; known once attached. */
    long maxMessageSize();

    /**
     * Sends one encoded message, unsettled. Needs credit.
     *
     * @param message taken
     * @param outcome told once, within a later call of the engine; never if the link or its session ends before
     */
    void transfer(ByteBuf message, Consumer<Outcome> outcome);

    /** Closes the link. Idempotent. */
    void detach();
}
