// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.function.Consumer;
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
import org.apache.qpid.proton.codec.ReadableBuffer;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Sender;
import org.jspecify.annotations.Nullable;

/** A link on which we send, on the library's engine. */
final class ProtonSender extends ProtonLink implements EngineSender {
    private final Sender sender;
    private final SenderEvents events;
    private int lastTag;

    ProtonSender(Sender sender, LinkTerms terms, SenderEvents events, Runnable release) {
        super(sender, events, release);
        this.sender = sender;
        this.events = events;
        Target target = new Target();
        target.setAddress(terms.address());
        sender.setTarget(target);
        sender.setSource(new Source());
        sender.setSenderSettleMode(SenderSettleMode.UNSETTLED);
        sender.setReceiverSettleMode(ReceiverSettleMode.FIRST);
        sender.setProperties(symbols(terms.properties()));
        sender.open();
    }

    @Override
    public int credit() {
        return isDetached() ? 0 : Math.max(0, sender.getCredit());
    }

    @Override
    public long maxMessageSize() {
        UnsignedLong limit = sender.getRemoteMaxMessageSize();
        return limit == null || limit.longValue() <= 0 ? Long.MAX_VALUE : limit.longValue();
    }

    @Override
    public void transfer(ByteBuf message, Consumer<Outcome> outcome) {
        byte[] bytes = new byte[message.readableBytes()];
        try {
            message.readBytes(bytes);
        } finally {
            message.release();
        }
        Delivery delivery = sender.delivery(
                ByteBuffer.allocate(Integer.BYTES).putInt(lastTag++).array());
        delivery.setContext(outcome);
        sender.sendNoCopy(ReadableBuffer.ByteBufferReader.wrap(bytes));
        sender.advance();
    }

    @Override
    boolean isSender() {
        return true;
    }

    @Override
    boolean accepted() {
        return sender.getRemoteTarget() != null;
    }

    void onFlow() {
        events.credited();
        if (sender.getDrain() && sender.getQueued() == 0 && sender.getCredit() > 0) {
            sender.drained();
        }
    }

    @SuppressWarnings("unchecked") // transfer() puts nothing else there
    void onDelivery(Delivery delivery) {
        Object waiting = delivery.getContext();
        Outcome outcome = outcome(delivery.getRemoteState());
        if (waiting == null || (outcome == null && !delivery.remotelySettled())) {
            return; // answered before, or 'received', which decides nothing
        }
        delivery.setContext(null);
        delivery.settle();
        ((Consumer<Outcome>) waiting).accept(outcome == null ? new Outcome(Outcome.Kind.UNKNOWN, null) : outcome);
    }

    private static @Nullable Outcome outcome(@Nullable DeliveryState state) {
        if (state instanceof Accepted) {
            return new Outcome(Outcome.Kind.ACCEPTED, null);
        } else if (state instanceof Rejected rejected) {
            return new Outcome(Outcome.Kind.REJECTED, errorOf(rejected.getError()));
        } else if (state instanceof Released) {
            return new Outcome(Outcome.Kind.RELEASED, null);
        } else if (state instanceof Modified) {
            return new Outcome(Outcome.Kind.MODIFIED, null);
        }
        return null;
    }
}
