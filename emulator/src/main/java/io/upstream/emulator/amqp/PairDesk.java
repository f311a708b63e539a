// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import java.util.ArrayDeque;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;
import org.jspecify.annotations.Nullable;

/**
 * What stands behind the two links of one identity that make up a pair: twin or methods. Messages for the device wait while its link is
 * not attached yet or has no credit. Confined to the connection's event loop.
 */
abstract class PairDesk {
    /** A client that asks for more without taking the answers is not served further. */
    private static final int MAX_WAITING = 1_000;

    final AmqpConnection connection;
    final HubIdentity identity;
    private final ArrayDeque<byte[]> waiting = new ArrayDeque<>();
    private @Nullable OutgoingLink link;
    /** Counts the closings, so that what was put off for an earlier link does not meet a later one. */
    private int closings;

    PairDesk(AmqpConnection connection, HubIdentity identity) {
        this.connection = connection;
        this.identity = identity;
    }

    /** Takes a message that came on the device's sending link. */
    abstract void take(byte[] payload) throws HubException;

    /** The device's receiving link is there. */
    abstract void onAttached();

    /** It is gone, or both are. */
    abstract void onDetached();

    final void attach(OutgoingLink attached) {
        link = attached;
        onAttached();
        flush();
    }

    final void detach(OutgoingLink detached) {
        if (link == detached) {
            close();
        }
    }

    /** Ends what is held at the hub. Idempotent. */
    final void close() {
        link = null;
        closings++;
        waiting.clear();
        onDetached();
    }

    final void send(byte[] message) {
        if (waiting.size() >= MAX_WAITING) {
            waiting.clear();
            if (link != null) {
                link.fail(new ErrorCondition(
                        AmqpError.RESOURCE_LIMIT_EXCEEDED, MAX_WAITING + " messages wait for credit"));
            }
            return;
        }
        waiting.add(message);
        flush();
    }

    final void flush() {
        while (link != null && link.hasCredit() && !waiting.isEmpty()) {
            link.send(waiting.remove());
        }
    }

    /** What the hub is to run when another connection takes over: detaches the link, if it is still this one. */
    final Runnable whenReplaced() {
        int before = closings;
        return () -> connection.run(() -> {
            if (link != null && before == closings) {
                link.fail(new ErrorCondition(LinkError.STOLEN, "another connection does the same for " + identity));
            }
        });
    }
}
