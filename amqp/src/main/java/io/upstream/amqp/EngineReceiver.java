// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** A link on which we receive. */
interface EngineReceiver {
    /** Lets the peer send so many more messages. */
    void credit(int more);

    /** Closes the link. Idempotent. */
    void detach();
}
