// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.upstream.emulator.hub.CloudDelivery;
import io.upstream.emulator.hub.Hub;
import io.upstream.emulator.hub.HubError;
import io.upstream.emulator.hub.HubException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.amqp.transport.LinkError;
import org.apache.qpid.proton.amqp.transport.SenderSettleMode;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Sender;
import org.jspecify.annotations.Nullable;

/**
 * Cloud-to-device messages on their way to a device, or messages to the inputs of a module. The hub is asked for them when the device first gives credit; how a message is
 * settled decides what becomes of it: accepted completes, rejected rejects, anything else gives it back.
 */
final class CloudMessageLink extends HubLink {
    private final AmqpConnection connection;
    private final Sender sender;
    private final LinkAddress address;
    /** Locked for us and waiting for credit, by sequence number: a lock that lapses meanwhile brings the message again. */
    private final Map<Long, CloudDelivery> waiting = new LinkedHashMap<>();

    private Hub.@Nullable Presence presence;

    CloudMessageLink(AmqpConnection connection, Sender sender, LinkAddress address) {
        super(sender);
        this.connection = connection;
        this.sender = sender;
        this.address = address;
    }

    @Override
    void onFlow() {
        if (presence == null && sender.getCredit() != 0) {
            ErrorCondition stolen =
                    new ErrorCondition(LinkError.STOLEN, "another receiver was attached for " + address.identity());
            presence = receive(
                    delivery -> connection.run(() -> offer(delivery)), () -> connection.run(() -> fail(stolen)));
        }
        sendWaiting();
        if (sender.getDrain()) {
            // One turn later: what the hub has just handed over comes first.
            connection.run(this::drained);
        }
    }

    private Hub.Presence receive(Consumer<CloudDelivery> receiver, Runnable replaced) {
        return address.kind() == LinkAddress.Kind.TELEMETRY
                ? connection.hub().receiveInputs(address.identity(), receiver, replaced)
                : connection.hub().receiveCloudMessages(address.identity(), receiver, replaced);
    }

    private void drained() {
        if (attached() && sender.getDrain()) {
            sender.drained();
        }
    }

    private void offer(CloudDelivery delivery) {
        if (attached()) {
            waiting.remove(delivery.sequenceNumber());
            waiting.put(delivery.sequenceNumber(), delivery);
            sendWaiting();
        }
    }

    private void sendWaiting() {
        var next = waiting.values().iterator();
        // A peer that grants 2^32 - 1 appears as -1 here: the engine's count is a signed int.
        while (next.hasNext() && sender.getCredit() != 0) {
            send(next.next());
            next.remove();
        }
    }

    private void send(CloudDelivery message) {
        Delivery delivery = sender.delivery(guid(message.lockToken()));
        delivery.setContext(message);
        byte[] encoded = CloudMessageEncoder.encode(address.identity(), message);
        sender.send(encoded, 0, encoded.length);
        if (sender.getSenderSettleMode() == SenderSettleMode.SETTLED) {
            delivery.settle();
            sender.advance();
            settle(message, DeliveryState.DeliveryStateType.Accepted);
        } else {
            sender.advance();
        }
    }

    @Override
    void onDelivery(Delivery delivery) {
        DeliveryState state = delivery.getRemoteState();
        if (!(delivery.getContext() instanceof CloudDelivery message)
                || (state == null && !delivery.remotelySettled())) {
            return;
        }
        DeliveryState.DeliveryStateType type =
                state == null ? DeliveryState.DeliveryStateType.Released : state.getType();
        if (type == DeliveryState.DeliveryStateType.Received) {
            return; // progress, no outcome
        }
        ErrorCondition late = settle(message, type);
        if (late != null && !delivery.remotelySettled()) {
            Rejected rejected = new Rejected();
            rejected.setError(late);
            delivery.disposition(rejected);
        } else if (state != null) {
            delivery.disposition(state);
        }
        delivery.setContext(null);
        delivery.settle();
    }

    private static @Nullable ErrorCondition settle(CloudDelivery message, DeliveryState.DeliveryStateType outcome) {
        try {
            switch (outcome) {
                case Accepted -> message.complete();
                case Rejected -> message.reject();
                default -> message.abandon();
            }
            return null;
        } catch (HubException e) {
            return e.error() == HubError.LOCK_LOST
                    ? AmqpErrors.of(e)
                    : AmqpErrors.of(HubError.INTERNAL, String.valueOf(e.getMessage()));
        }
    }

    /** The lock token in the byte order of a .NET GUID, which is what the hub's delivery tags are. */
    static byte[] guid(UUID token) {
        long high = token.getMostSignificantBits();
        return ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt((int) (high >>> 32))
                .putShort((short) (high >>> 16))
                .putShort((short) high)
                .order(ByteOrder.BIG_ENDIAN)
                .putLong(token.getLeastSignificantBits())
                .array();
    }

    @Override
    void onReleased() {
        waiting.clear();
        if (presence != null) {
            presence.close();
        }
        connection.table().remove(address, this);
    }
}
