// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Binary;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Data;
import org.apache.qpid.proton.engine.Collector;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Event;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sasl;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** Apache Qpid proton-j's engine and codec. */
final class ProtonJ extends OtherEngine {
    private final Transport transport = Proton.transport();
    private final Connection connection = Proton.connection();
    private final Collector collector = Proton.collector();
    private int tags;
    private @Nullable Sender sender;

    ProtonJ(int maxFrameSize) {
        transport.setMaxFrameSize(maxFrameSize);
        Sasl sasl = transport.sasl();
        sasl.server();
        sasl.setMechanisms("ANONYMOUS");
        sasl.done(Sasl.SaslOutcome.PN_SASL_OK);
        connection.collect(collector);
        transport.bind(connection);
    }

    @Override
    boolean takesPieces() {
        return true;
    }

    @Override
    void feed(byte[] bytes) {
        for (int at = 0; at < bytes.length; ) {
            ByteBuffer tail = transport.tail();
            int step = Math.min(tail.remaining(), bytes.length - at);
            tail.put(bytes, at, step);
            at += step;
            transport.process();
            handle();
        }
        if (transport.getCondition() != null && transport.getCondition().getCondition() != null) {
            throw new AssertionError(transport.getCondition().toString());
        }
    }

    private void handle() {
        for (Event event = collector.peek(); event != null; event = collector.peek()) {
            switch (event.getType()) {
                case CONNECTION_REMOTE_OPEN -> connection.open();
                case SESSION_REMOTE_OPEN -> event.getSession().open();
                case LINK_REMOTE_OPEN -> attach(event.getLink());
                case DELIVERY -> delivery(event.getDelivery());
                default -> {}
            }
            collector.pop();
        }
    }

    private void attach(Link link) {
        link.setSource(link.getRemoteSource());
        link.setTarget(link.getRemoteTarget());
        link.open();
        if (link instanceof Receiver receiver) {
            receiver.flow(CREDIT);
        } else {
            sender = (Sender) link;
        }
    }

    private void delivery(Delivery delivery) {
        if (delivery.getLink() instanceof Receiver receiver) {
            if (!delivery.isPartial() && !delivery.isSettled()) {
                byte[] bytes = new byte[delivery.pending()];
                receiver.recv(bytes, 0, bytes.length);
                receiver.advance();
                received.add(read(bytes));
                delivery.disposition(Accepted.getInstance());
                delivery.settle();
                receiver.flow(1);
            }
        } else if (delivery.remotelySettled() && delivery.getRemoteState() instanceof Accepted) {
            delivery.settle();
            accepted++;
        }
    }

    private static Plain read(byte[] bytes) {
        Message message = Proton.message();
        message.decode(bytes, 0, bytes.length);
        Map<String, String> properties = new HashMap<>();
        if (message.getApplicationProperties() != null) {
            message.getApplicationProperties()
                    .getValue()
                    .forEach((name, value) -> properties.put(name, String.valueOf(value)));
        }
        Binary body = ((Data) message.getBody()).getValue();
        return new Plain(
                String.valueOf(message.getMessageId()),
                String.valueOf(message.getContentType()),
                properties,
                ByteBuffer.wrap(body.getArray(), body.getArrayOffset(), body.getLength()));
    }

    @Override
    byte[] drain() {
        int pending = transport.pending();
        byte[] bytes = new byte[Math.max(0, pending)];
        if (pending > 0) {
            transport.head().get(bytes);
            transport.pop(pending);
        }
        return bytes;
    }

    @Override
    int credit() {
        return sender == null ? 0 : sender.getCredit();
    }

    @Override
    void send(Plain plain) {
        Message message = Proton.message();
        message.setMessageId(plain.id());
        message.setContentType(plain.type());
        message.setApplicationProperties(new ApplicationProperties(new HashMap<>(plain.properties())));
        message.setBody(new Data(new Binary(plain.body().array())));
        byte[] bytes = new byte[plain.body().remaining() + 65_536];
        int length = message.encode(bytes, 0, bytes.length);
        Sender link = sender;
        if (link == null) {
            throw new AssertionError("no link");
        }
        link.delivery(ByteBuffer.allocate(Integer.BYTES).putInt(tags++).array());
        link.send(bytes, 0, length);
        link.advance();
    }
}
