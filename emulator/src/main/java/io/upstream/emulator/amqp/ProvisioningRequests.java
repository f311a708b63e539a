// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import java.util.function.Function;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;
import org.apache.qpid.proton.amqp.transport.ReceiverSettleMode;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Receiver;
import org.jspecify.annotations.Nullable;

/** The link on which a device asks the provisioning service. */
final class ProvisioningRequests extends HubLink {
    private static final int CREDIT = 50;
    private static final int MAX_REQUEST_BYTES = 128 * 1024;

    private final AmqpConnection connection;
    private final Receiver receiver;
    private final Taker taker;
    private final ReceivingCredit credit;

    /** What is done with a request; null if it was taken. */
    @FunctionalInterface
    interface Taker extends Function<byte[], @Nullable ErrorCondition> {}

    ProvisioningRequests(AmqpConnection connection, Receiver receiver, Taker taker) {
        super(receiver);
        this.connection = connection;
        this.receiver = receiver;
        this.taker = taker;
        this.credit = new ReceivingCredit(receiver, CREDIT);
        credit.open();
    }

    @Override
    void onDelivery(Delivery updated) {
        if (updated != receiver.current() && updated.remotelySettled()) {
            updated.settle(); // the second half of receiver-settle-mode second
        }
        for (Delivery each = receiver.current(); each != null && attached(); each = receiver.current()) {
            if (each.pending() > MAX_REQUEST_BYTES) {
                fail(new ErrorCondition(
                        LinkError.MESSAGE_SIZE_EXCEEDED, "a request is longer than " + MAX_REQUEST_BYTES + " bytes"));
                return;
            }
            if (each.isPartial() && !each.isAborted()) {
                return;
            }
            take(each);
        }
    }

    private void take(Delivery delivery) {
        if (!credit.use()) {
            fail(new ErrorCondition(LinkError.TRANSFER_LIMIT_EXCEEDED, "a transfer was sent without credit"));
            return;
        }
        byte[] request = new byte[delivery.pending()];
        receiver.recv(request, 0, request.length);
        receiver.advance();
        connection.afterDispatch(() -> {
            if (attached()) {
                credit.topUp();
            }
        });
        if (delivery.isAborted()) {
            delivery.settle();
        } else {
            settle(delivery, taker.apply(request));
        }
    }

    private void settle(Delivery delivery, @Nullable ErrorCondition refusal) {
        if (!delivery.remotelySettled()) {
            delivery.disposition(refusal == null ? Accepted.getInstance() : rejected(refusal));
            if (receiver.getReceiverSettleMode() == ReceiverSettleMode.SECOND) {
                return; // the sender settles first
            }
        }
        delivery.settle();
    }

    private static DeliveryState rejected(ErrorCondition refusal) {
        Rejected rejected = new Rejected();
        rejected.setError(refusal);
        return rejected;
    }
}
