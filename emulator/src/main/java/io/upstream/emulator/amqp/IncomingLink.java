// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.FaultKind;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.Receipt;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;
import org.apache.qpid.proton.amqp.transport.ReceiverSettleMode;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Receiver;
import org.jspecify.annotations.Nullable;

/** A link on which a device or module sends: each message is settled when the hub has taken or refused it. */
final class IncomingLink extends HubLink {
    /** What the hub advertises as max-message-size; a message between its own limit and this is refused alone. */
    static final int MAX_TRANSFER_BYTES = 1024 * 1024;

    private static final int CREDIT = 1_000;
    /** How often a link without credit looks whether the fault is over. */
    private static final int STARVED_MILLIS = 100;

    private final AmqpConnection connection;
    private final Receiver receiver;
    private final LinkAddress address;
    private final Taker taker;
    private final ReceivingCredit credit;
    private Hub.@Nullable Presence seat;

    /** What is done with a message; a refusal rejects it. */
    @FunctionalInterface
    interface Taker {
        Receipt take(int messageFormat, byte[] payload) throws HubException;
    }

    IncomingLink(AmqpConnection connection, Receiver receiver, LinkAddress address, Taker taker) {
        super(receiver);
        this.connection = connection;
        this.receiver = receiver;
        this.address = address;
        this.taker = taker;
        this.credit = new ReceivingCredit(receiver, CREDIT);
    }

    /** Keeps what the link holds at the hub until it is released. */
    void hold(Hub.Presence held) {
        seat = held;
    }

    void start() {
        if (isStarved()) {
            connection.runLater(this::startIfAttached, STARVED_MILLIS);
        } else {
            credit.open();
        }
    }

    private void startIfAttached() {
        if (attached()) {
            start();
        }
    }

    private boolean isStarved() {
        return address.kind() == LinkAddress.Kind.TELEMETRY
                && connection.hub().suffers(address.identity(), FaultKind.NO_CREDIT);
    }

    @Override
    void onDelivery(Delivery updated) {
        if (updated != receiver.current() && updated.remotelySettled()) {
            updated.settle(); // the second half of receiver-settle-mode second
        }
        for (Delivery each = receiver.current(); each != null && attached(); each = receiver.current()) {
            if (each.isPartial() && !each.isAborted()) {
                if (each.pending() > MAX_TRANSFER_BYTES) {
                    tooLong();
                }
                break;
            }
            take(each);
        }
        if (credit.isLow()) {
            connection.afterDispatch(this::topUp);
        }
    }

    private void topUp() {
        if (!attached()) {
            return;
        }
        if (isStarved()) {
            connection.runLater(this::topUp, STARVED_MILLIS);
        } else {
            credit.topUp();
        }
    }

    private void take(Delivery delivery) {
        if (!credit.use()) {
            fail(new ErrorCondition(LinkError.TRANSFER_LIMIT_EXCEEDED, "a transfer was sent without credit"));
            return;
        }
        if (delivery.isAborted()) {
            receiver.advance();
            delivery.settle();
            return;
        }
        if (delivery.pending() > MAX_TRANSFER_BYTES) {
            tooLong();
            return;
        }
        byte[] payload = new byte[delivery.pending()];
        receiver.recv(payload, 0, payload.length);
        receiver.advance();
        DeliveryState outcome = outcome(delivery.getMessageFormat(), payload);
        if (outcome != null) {
            settle(delivery, outcome);
        }
    }

    /** {@code null} if the acknowledgement is lost. */
    private @Nullable DeliveryState outcome(int messageFormat, byte[] payload) {
        try {
            return taker.take(messageFormat, payload) == Receipt.SILENCE ? null : Accepted.getInstance();
        } catch (HubException e) {
            Rejected rejected = new Rejected();
            rejected.setError(AmqpErrors.of(e));
            return rejected;
        }
    }

    private void settle(Delivery delivery, DeliveryState outcome) {
        if (!delivery.remotelySettled()) {
            delivery.disposition(outcome);
            if (receiver.getReceiverSettleMode() == ReceiverSettleMode.SECOND) {
                return; // the sender settles first
            }
        }
        delivery.settle();
    }

    private void tooLong() {
        fail(AmqpErrors.of(
                HubError.MESSAGE_TOO_LARGE,
                "a message is longer than the link's max-message-size, " + MAX_TRANSFER_BYTES + " bytes"));
    }

    @Override
    void onReleased() {
        if (seat != null) {
            seat.close();
        }
        connection.table().remove(address, this);
    }
}
