// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import java.util.Map;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.UnsignedLong;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.AmqpError;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.jspecify.annotations.Nullable;

/** Decides on an attach: where it leads, whether the identity may, and what answers it. */
final class LinkAttach {
    private static final UnsignedLong MAX_MESSAGE_SIZE = UnsignedLong.valueOf(IncomingLink.MAX_TRANSFER_BYTES);
    private static final UnsignedLong CLOUD_MAX_MESSAGE_SIZE = UnsignedLong.valueOf(64 * 1024);

    private static final Symbol MODEL_ID = Symbol.valueOf("com.microsoft:model-id");

    private final AmqpConnection connection;

    LinkAttach(AmqpConnection connection) {
        this.connection = connection;
    }

    /** Answers the attach; null if it was refused. */
    @Nullable
    HubLink accept(Link link) {
        String text = addressOf(link);
        if (LinkAddress.CBS.equals(text)) {
            return cbs(link);
        }
        LinkAddress address = LinkAddress.parse(text);
        ErrorCondition refusal =
                address == null ? AmqpErrors.addressNotFound(String.valueOf(text)) : refusal(link, address);
        if (address == null || refusal != null) {
            refuse(link, refusal);
            return null;
        }
        noteModel(link, address);
        return switch (address.kind()) {
            case TWIN, METHODS -> pair(link, address);
            case TELEMETRY, CLOUD_MESSAGES ->
                link instanceof Receiver receiver
                        ? telemetry(receiver, address)
                        : cloudMessages((Sender) link, address);
        };
    }

    /** The terminus at the hub's end: the target of what a device sends, the source of what it receives. */
    private static @Nullable String addressOf(Link link) {
        if (link instanceof Receiver) {
            return link.getRemoteTarget() instanceof Target target ? target.getAddress() : null;
        }
        return link.getRemoteSource() instanceof Source source ? source.getAddress() : null;
    }

    private @Nullable ErrorCondition refusal(Link link, LinkAddress address) {
        boolean possible = switch (address.kind()) {
            // What a module receives at its address of telemetry are the messages to its inputs.
            case TELEMETRY -> link instanceof Receiver || address.identity().moduleId() != null;
            case CLOUD_MESSAGES -> link instanceof Sender;
            case TWIN, METHODS -> true;
        };
        if (!possible) {
            return new ErrorCondition(
                    AmqpError.NOT_IMPLEMENTED, "no link of this direction is served at " + address.kind());
        }
        try {
            connection.hub().requireEnabled(address.identity());
            connection.authorize(address.identity());
            return null;
        } catch (HubException e) {
            return AmqpErrors.of(e);
        }
    }

    private void noteModel(Link link, LinkAddress address) {
        Map<Symbol, Object> properties = link.getRemoteProperties();
        if (properties != null && properties.get(MODEL_ID) instanceof String modelId && !modelId.isEmpty()) {
            connection.hub().followModel(address.identity(), modelId);
        }
    }

    /** AMQP 1.0 section 2.6.3: an attach without the terminus that was asked for, then a detach that says why. */
    private static void refuse(Link link, @Nullable ErrorCondition condition) {
        if (link instanceof Receiver) {
            link.setSource(link.getRemoteSource());
        } else {
            link.setTarget(link.getRemoteTarget());
        }
        link.setSenderSettleMode(link.getRemoteSenderSettleMode());
        link.setReceiverSettleMode(link.getRemoteReceiverSettleMode());
        link.open();
        link.setCondition(condition);
        link.close();
    }

    private static void open(Link link, UnsignedLong maxMessageSize) {
        link.setSource(link.getRemoteSource());
        link.setTarget(link.getRemoteTarget());
        link.setSenderSettleMode(link.getRemoteSenderSettleMode());
        link.setReceiverSettleMode(link.getRemoteReceiverSettleMode());
        link.setProperties(link.getRemoteProperties());
        link.setMaxMessageSize(maxMessageSize);
        link.open();
    }

    private HubLink cbs(Link link) {
        open(link, MAX_MESSAGE_SIZE);
        return link instanceof Receiver receiver
                ? connection.cbs().requests(connection, receiver)
                : connection.cbs().replies((Sender) link);
    }

    private HubLink telemetry(Receiver receiver, LinkAddress address) {
        open(receiver, MAX_MESSAGE_SIZE);
        return incoming(
                receiver,
                address,
                (messageFormat, payload) ->
                        connection.hub().accept(address.identity(), TelemetryDecoder.decode(messageFormat, payload)));
    }

    private HubLink incoming(Receiver receiver, LinkAddress address, IncomingLink.Taker taker) {
        IncomingLink link = new IncomingLink(connection, receiver, address, taker);
        connection.table().add(address, link);
        link.start();
        return link;
    }

    private HubLink cloudMessages(Sender sender, LinkAddress address) {
        open(sender, address.kind() == LinkAddress.Kind.TELEMETRY ? MAX_MESSAGE_SIZE : CLOUD_MAX_MESSAGE_SIZE);
        CloudMessageLink link = new CloudMessageLink(connection, sender, address);
        connection.table().add(address, link);
        return link;
    }

    /** One of the two links over which a device and the hub talk about its twin or its methods, in any order. */
    private HubLink pair(Link link, LinkAddress address) {
        open(link, MAX_MESSAGE_SIZE);
        if (link instanceof Receiver receiver) {
            return incoming(receiver, address, (messageFormat, payload) -> take(address, messageFormat, payload));
        }
        PairDesk desk = connection.table().desk(address);
        OutgoingLink outgoing = new OutgoingLink(connection, (Sender) link, address, desk);
        connection.table().add(address, outgoing);
        desk.attach(outgoing);
        return outgoing;
    }

    private void take(LinkAddress address, int messageFormat, byte[] payload) throws HubException {
        if (messageFormat != 0) {
            throw new HubException(HubError.MALFORMED, "only telemetry comes in batches");
        }
        connection.table().desk(address).take(payload);
    }
}
