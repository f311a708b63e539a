// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

/** What happens to a link on which we receive. */
public interface ReceiverEvents extends LinkEvents {
    /**
     * One whole message has come.
     *
     * @param delivery for {@link EngineReceiver#settle}
     * @param message the encoded sections, readable during the call
     */
    void delivered(long delivery, MessageBytes message);
}
