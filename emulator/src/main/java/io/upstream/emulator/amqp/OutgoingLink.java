// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import java.util.UUID;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Sender;

/** The hub's end of the link on which a {@link PairDesk} speaks to a device. What it sends is settled unless the device has asked otherwise. */
final class OutgoingLink extends HubLink {
    private final AmqpConnection connection;
    private final Sender sender;
    private final LinkAddress address;
    private final PairDesk desk;

    OutgoingLink(AmqpConnection connection, Sender sender, LinkAddress address, PairDesk desk) {
        super(sender);
        this.connection = connection;
        this.sender = sender;
        this.address = address;
        this.desk = desk;
    }

    boolean hasCredit() {
        return attached() && sender.getCredit() != 0;
    }

    void send(byte[] message) {
        Delivery delivery = sender.delivery(CloudMessageLink.guid(UUID.randomUUID()));
        sender.send(message, 0, message.length);
        if (sender.getSenderSettleMode() != SenderSettleMode.UNSETTLED) {
            delivery.settle();
        }
        sender.advance();
    }

    @Override
    void onDelivery(Delivery delivery) {
        if (delivery.remotelySettled() || delivery.getRemoteState() != null) {
            delivery.settle();
        }
    }

    @Override
    void onFlow() {
        desk.flush();
        if (sender.getDrain()) {
            connection.run(this::drained);
        }
    }

    private void drained() {
        if (attached() && sender.getDrain()) {
            sender.drained();
        }
    }

    @Override
    void onReleased() {
        desk.detach(this);
        connection.table().remove(address, this);
    }
}
