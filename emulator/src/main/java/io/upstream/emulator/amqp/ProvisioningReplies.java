// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import java.util.UUID;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Sender;

/** The link on which the provisioning service answers. */
final class ProvisioningReplies extends HubLink {
    private final ProvisioningNode node;
    private final Sender sender;

    ProvisioningReplies(ProvisioningNode node, Sender sender) {
        super(sender);
        this.node = node;
        this.sender = sender;
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
        node.flush();
    }

    @Override
    void onReleased() {
        node.detached(this);
    }
}
