// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

/** A message that has come and waits for its settlement. */
interface EngineDelivery {
    /** Tells the peer and forgets it. Idempotent; without effect once the link is gone. */
    void settle(Outcome.Kind kind);
}
