// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.upstream.benchmarks.codec.Wire;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.proton.codec.ReadableBuffer;
import org.apache.qpid.proton.engine.Collector;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Event;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Session;
import org.apache.qpid.proton.engine.Transport;
import org.jspecify.annotations.Nullable;

/** proton-j's engine, used as Qpid JMS uses it: without a copy of what is sent, and with copies at both ends of the transport. */
final class ProtonJCandidate implements Engines.Candidate {
    private final Wire wire;
    private final Transport transport = Proton.transport();
    private final Connection connection = Proton.connection();
    private final Collector collector = Proton.collector();
    private byte[] message = {};
    private Engines.@Nullable Inbox inbox;
    private @Nullable Sender sender;
    private int tags;
    private long accepted;

    ProtonJCandidate(Wire wire) {
        this.wire = wire;
    }

    private Session begin() {
        transport.setMaxFrameSize(PeerScript.MAX_FRAME_SIZE);
        transport.setEmitFlowEventOnSend(false);
        connection.setContainer("benchmark");
        connection.collect(collector);
        transport.bind(connection);
        connection.open();
        flush();
        feed(PeerScript.open());
        Session session = connection.session();
        session.open();
        flush();
        feed(PeerScript.begin());
        return session;
    }

    @Override
    public void openSender(byte[] payload) {
        message = AmqpSample.encoded(payload);
        Sender link = begin().sender(PeerScript.LINK);
        Target target = new Target();
        target.setAddress(PeerScript.LINK);
        link.setTarget(target);
        link.setSource(new Source());
        link.open();
        flush();
        feed(PeerScript.attach(Role.RECEIVER));
        sender = link;
    }

    @Override
    public void openReceiver(Engines.Inbox to) {
        inbox = to;
        Receiver link = begin().receiver(PeerScript.LINK);
        Source source = new Source();
        source.setAddress(PeerScript.LINK);
        link.setSource(source);
        link.setTarget(new Target());
        link.open();
        flush();
        feed(PeerScript.attach(Role.SENDER));
        link.flow(1 << 30);
        flush();
    }

    @Override
    public void send() {
        Sender link = Objects.requireNonNull(sender);
        link.delivery(ByteBuffer.allocate(Integer.BYTES).putInt(tags++).array());
        link.sendNoCopy(ReadableBuffer.ByteBufferReader.wrap(message));
        link.advance();
    }

    @Override
    public void feed(ByteBuf in) {
        while (in.isReadable()) {
            ByteBuffer tail = transport.tail();
            tail.limit(tail.position() + Math.min(tail.remaining(), in.readableBytes()));
            in.readBytes(tail);
            transport.process();
            dispatch();
        }
        in.release();
    }

    private void dispatch() {
        for (Event event = collector.peek(); event != null; event = collector.peek()) {
            if (event.getType() == Event.Type.DELIVERY) {
                Delivery delivery = event.getDelivery();
                if (delivery.getLink() instanceof Receiver receiver) {
                    receive(receiver);
                } else if (delivery.getRemoteState() == Accepted.getInstance()) {
                    delivery.settle();
                    accepted++;
                }
            } else if (event.getType() == Event.Type.TRANSPORT_ERROR) {
                throw new IllegalStateException(String.valueOf(transport.getCondition()));
            }
            collector.pop();
        }
    }

    private void receive(Receiver receiver) {
        for (Delivery each = receiver.current(); each != null && !each.isPartial(); each = receiver.current()) {
            ReadableBuffer sections = receiver.recv();
            receiver.advance();
            Objects.requireNonNull(inbox).message(sections);
            each.disposition(Accepted.getInstance());
            each.settle();
        }
    }

    @Override
    public void flush() {
        for (int ready = transport.pending(); ready > 0; ready = transport.pending()) {
            ByteBuf out = PooledByteBufAllocator.DEFAULT.directBuffer(ready, ready);
            out.writeBytes(transport.head());
            transport.pop(ready);
            wire.accept(out);
        }
        dispatch();
    }

    @Override
    public long accepted() {
        return accepted;
    }
}
