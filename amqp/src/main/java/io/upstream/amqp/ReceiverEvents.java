// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** What happens to a link on which we receive. */
interface ReceiverEvents extends LinkEvents {
    /**
     * One whole message has come.
     *
     * @param message the encoded sections, owned by the receiver of this event
     */
    void delivered(EngineDelivery delivery, byte[] message);
}
