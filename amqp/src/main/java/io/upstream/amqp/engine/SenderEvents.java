// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import org.jspecify.annotations.Nullable;

/** What happens to a link on which we send. */
public interface SenderEvents extends LinkEvents {
    /** There may be more credit than before. */
    void credited();

    /**
     * The peer has answered a message: once for each that was sent, but not for those of a link or session that has ended.
     *
     * @param tag what {@link EngineSender#send} was given
     * @param error why it was rejected, if the peer said so
     */
    void settled(Object tag, Outcome outcome, @Nullable PeerError error);
}
