// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import org.apache.qpid.proton.amqp.UnsignedInteger;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Modified;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.messaging.Released;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.ReceiverSettleMode;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.amqp.transport.Transfer;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Receiver;
import org.jspecify.annotations.Nullable;

/** A link on which we receive, on the library's engine. Keeps its own account of credit and size, which that does not enforce. */
final class ProtonReceiver extends ProtonLink implements EngineReceiver {
    private final Receiver receiver;
    private final ReceiverEvents events;
    private final int maxMessageSize;
    private int credit;
    private long partial;
    private @Nullable UnsignedInteger incomplete;

    ProtonReceiver(Receiver receiver, LinkTerms terms, ReceiverEvents events, Runnable release) {
        super(receiver, events, release);
        this.receiver = receiver;
        this.events = events;
        this.maxMessageSize = terms.maxMessageSize();
        Source source = new Source();
        source.setAddress(terms.address());
        receiver.setSource(source);
        receiver.setTarget(new Target());
        receiver.setSenderSettleMode(SenderSettleMode.MIXED);
        receiver.setReceiverSettleMode(ReceiverSettleMode.FIRST);
        receiver.setMaxMessageSize(UnsignedLong.valueOf(maxMessageSize));
        receiver.setProperties(symbols(terms.properties()));
        receiver.open();
    }

    /** Notes one transfer frame before the library sees it. */
    void account(Transfer transfer, int bytes) {
        if (incomplete == null) {
            if (--credit < 0) {
                throw new Violation("sent a message without credit");
            }
            partial = 0;
            incomplete = transfer.getDeliveryId();
        }
        partial += bytes;
        if (partial > maxMessageSize) {
            throw new Violation("sent a message of more than " + maxMessageSize + " bytes");
        }
        if (!transfer.getMore() || transfer.getAborted()) {
            incomplete = null;
        }
    }

    @Override
    public void credit(int more) {
        if (!isDetached()) {
            credit += more;
            receiver.flow(more);
        }
    }

    @Override
    boolean isSender() {
        return false;
    }

    @Override
    boolean accepted() {
        return receiver.getRemoteSource() != null;
    }

    void onDelivery() {
        for (Delivery each = receiver.current(); each != null; each = receiver.current()) {
            if (each.isAborted()) {
                receiver.advance();
                each.settle();
            } else if (each.isPartial()) {
                return;
            } else {
                byte[] message = new byte[each.pending()];
                receiver.recv(message, 0, message.length);
                receiver.advance();
                events.delivered(new Received(each), message);
            }
        }
    }

    private static DeliveryState state(Outcome.Kind kind) {
        return switch (kind) {
            case ACCEPTED -> Accepted.getInstance();
            case REJECTED -> new Rejected();
            case MODIFIED -> new Modified();
            case RELEASED, UNKNOWN -> Released.getInstance();
        };
    }

    private final class Received implements EngineDelivery {
        private final Delivery delivery;

        Received(Delivery delivery) {
            this.delivery = delivery;
        }

        @Override
        public void settle(Outcome.Kind kind) {
            if (!delivery.isSettled() && !isDetached()) {
                delivery.disposition(state(kind));
                delivery.settle();
            }
        }
    }
}
