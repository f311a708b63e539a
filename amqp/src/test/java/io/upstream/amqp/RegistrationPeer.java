// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.Accepted;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Rejected;
import org.apache.qpid.proton.amqp.transport.DeliveryState;
import org.apache.qpid.proton.amqp.transport.ErrorCondition;
import org.apache.qpid.proton.engine.Collector;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.EndpointState;
import org.apache.qpid.proton.engine.Event;
import org.apache.qpid.proton.engine.Link;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sasl;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** Another's engine as the provisioning service, on the other end of an embedded channel. */
final class RegistrationPeer implements AutoCloseable {
    private final EmbeddedChannel channel = new EmbeddedChannel();
    private final Connection connection = Proton.connection();
    private final Transport transport = Proton.transport();
    private final Collector collector = Proton.collector();
    private final Sasl sasl = transport.sasl();
    private final List<Link> links = new ArrayList<>();
    private final List<Message> requests = new ArrayList<>();
    private Sasl.SaslOutcome verdict = Sasl.SaslOutcome.PN_SASL_OK;
    private byte[] response = {};
    private DeliveryState outcome = Accepted.getInstance();
    private int tags;
    private @Nullable ErrorCondition linkRefusal;

    RegistrationPeer() {
        sasl.server();
        sasl.setMechanisms("PLAIN");
        connection.collect(collector);
        transport.bind(connection);
    }

    void refuseSasl() {
        verdict = Sasl.SaslOutcome.PN_SASL_AUTH;
    }

    void refuseLinks(String condition, String description) {
        linkRefusal = new ErrorCondition(Symbol.valueOf(condition), description);
    }

    void rejectRequests(String condition, String description) {
        Rejected rejected = new Rejected();
        ErrorCondition error = new ErrorCondition(Symbol.valueOf(condition), description);
        error.setInfo(Map.of(Symbol.valueOf("retry-after"), 4));
        rejected.setError(error);
        outcome = rejected;
    }

    EmbeddedChannel channel() {
        return channel;
    }

    byte[] saslResponse() {
        return response;
    }

    String hostname() {
        return connection.getRemoteHostname();
    }

    List<String> addresses() {
        return links.stream().map(RegistrationPeer::address).toList();
    }

    private static String address(Link link) {
        return link instanceof Receiver
                ? link.getRemoteTarget().getAddress()
                : link.getRemoteSource().getAddress();
    }

    Object linkProperty(String name) {
        return links.get(0).getRemoteProperties().get(Symbol.valueOf(name));
    }

    List<Message> requests() {
        return requests;
    }

    boolean sawClose() {
        return connection.getRemoteState() == EndpointState.CLOSED;
    }

    static void property(Message message, String name, Object value) {
        Map<String, Object> properties = new HashMap<>();
        properties.put(name, value);
        message.setApplicationProperties(new ApplicationProperties(properties));
    }

    /** Moves bytes both ways until nobody has more to say. */
    void exchange() {
        boolean moved = true;
        while (moved) {
            channel.runPendingTasks();
            boolean heard = toPeer();
            moved = toClient() || heard;
        }
        channel.runPendingTasks();
    }

    private boolean toPeer() {
        boolean moved = false;
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            while (out.isReadable() && transport.capacity() > 0) {
                ByteBuffer tail = transport.tail();
                tail.limit(tail.position() + Math.min(tail.remaining(), out.readableBytes()));
                out.readBytes(tail);
                transport.process();
                login();
            }
            out.release();
            moved = true;
        }
        for (Event event = collector.peek(); event != null; event = collector.peek()) {
            handle(event);
            collector.pop();
        }
        return moved;
    }

    private void login() {
        if (sasl.getState() == Sasl.SaslState.PN_SASL_STEP && sasl.pending() > 0) {
            response = new byte[sasl.pending()];
            sasl.recv(response, 0, response.length);
            sasl.done(verdict);
        }
    }

    private boolean toClient() {
        int pending = transport.pending();
        if (pending <= 0 || !channel.isOpen()) {
            return false;
        }
        ByteBuf in = Unpooled.buffer(pending).writeBytes(transport.head());
        transport.pop(pending);
        channel.writeInbound(in);
        return true;
    }

    private void handle(Event event) {
        switch (event.getType()) {
            case CONNECTION_REMOTE_OPEN -> connection.open();
            case CONNECTION_REMOTE_CLOSE -> connection.close();
            case SESSION_REMOTE_OPEN -> event.getSession().open();
            case LINK_REMOTE_OPEN -> attach(event.getLink());
            case DELIVERY -> delivery(event.getDelivery());
            default -> {}
        }
    }

    private void attach(Link link) {
        if (linkRefusal == null) {
            link.setSource(link.getRemoteSource());
            link.setTarget(link.getRemoteTarget());
        } else {
            link.setCondition(linkRefusal);
        }
        link.open();
        links.add(link);
        if (linkRefusal != null) {
            link.close();
        } else if (link instanceof Receiver receiver) {
            receiver.flow(10);
        }
    }

    private void delivery(Delivery delivery) {
        if (!(delivery.getLink() instanceof Receiver receiver) || delivery.isPartial() || delivery.isSettled()) {
            return;
        }
        byte[] bytes = new byte[delivery.pending()];
        receiver.recv(bytes, 0, bytes.length);
        receiver.advance();
        Message request = Proton.message();
        request.decode(bytes, 0, bytes.length);
        requests.add(request);
        delivery.disposition(outcome);
        delivery.settle();
    }

    void answer(Message message) {
        byte[] bytes = new byte[200_000];
        int length = message.encode(bytes, 0, bytes.length);
        for (Link link : links) {
            if (link instanceof Sender sender) {
                sender.delivery(("t" + tags++).getBytes(US_ASCII));
                sender.send(bytes, 0, length);
                sender.advance();
            }
        }
        exchange();
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
    }
}
