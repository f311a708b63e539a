// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;

/** What the hub does at its end of one attached link. Confined to the connection's event loop. */
abstract class HubLink {
    final Link link;
    private boolean attached = true;

    HubLink(Link link) {
        this.link = link;
    }

    /** The delivery is new, has grown, or has been settled by the peer. */
    abstract void onDelivery(Delivery delivery);

    /** The peer gave credit or asks to drain. */
    void onFlow() {}

    /** Gives back what the link holds elsewhere; called once, when it is detached by either side or its connection ends. */
    void onReleased() {}

    final boolean attached() {
        return attached;
    }

    /** Detaches with an error. Idempotent. */
    final void fail(ErrorCondition condition) {
        if (attached) {
            link.setCondition(condition);
            link.close();
            release();
        }
    }

    final void release() {
        if (attached) {
            attached = false;
            onReleased();
        }
    }

    /** Drops what still arrives on a link that is detached here, so that the engine does not keep it. */
    static void discard(Link link) {
        if (!(link instanceof Receiver receiver)) {
            return;
        }
        for (Delivery each = receiver.current(); each != null; each = receiver.current()) {
            if (each.isPartial() && !each.isAborted()) {
                // Not settled yet: the engine looks the delivery up when its next frame comes, and fails if it is gone.
                receiver.recv();
                return;
            }
            each.settle();
            receiver.advance();
        }
    }
}
