// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.emulator.hub.Hub;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.qpid.proton.Proton;
import org.apache.qpid.proton.amqp.Symbol;
import org.apache.qpid.proton.amqp.messaging.AmqpValue;
import org.apache.qpid.proton.amqp.messaging.ApplicationProperties;
import org.apache.qpid.proton.amqp.messaging.Source;
import org.apache.qpid.proton.amqp.messaging.Target;
import org.apache.qpid.proton.engine.Connection;
import org.apache.qpid.proton.engine.Delivery;
import org.apache.qpid.proton.engine.Receiver;
import org.apache.qpid.proton.engine.Sender;
import org.apache.qpid.proton.engine.Session;
import org.apache.qpid.proton.engine.Transport;
import org.apache.qpid.proton.message.Message;
import org.jspecify.annotations.Nullable;

/** proton-j as the client of the head, its bytes moved by hand in cuts of a given size. */
final class AmqpPeer implements AutoCloseable {
    final EmbeddedChannel channel = new EmbeddedChannel();
    final Transport transport = Proton.transport();
    final Connection connection = Proton.connection();
    final Session session;
    final ByteArrayOutputStream fromHead = new ByteArrayOutputStream();
    private final int cut;
    private @Nullable Sender cbsSender;
    private @Nullable Receiver cbsReceiver;
    private int tags;

    AmqpPeer(Hub hub, int cut) {
        this(new AmqpHead(hub), cut);
    }

    AmqpPeer(AmqpHead head, int cut) {
        this.cut = cut;
        channel.freezeTime();
        head.install(channel.pipeline());
        transport.setMaxFrameSize(4096);
        transport.bind(connection);
        connection.setContainer("");
        session = connection.session();
    }

    AmqpPeer(Hub hub) {
        this(hub, 1024);
    }

    AmqpPeer open() {
        connection.open();
        session.open();
        pump();
        return this;
    }

    AmqpPeer anonymous() {
        transport.sasl().client();
        transport.sasl().setMechanisms("ANONYMOUS");
        return open();
    }

    /** Moves bytes both ways until nobody has anything to say. */
    void pump() {
        boolean moved = true;
        while (moved) {
            moved = toHead();
            channel.runPendingTasks();
            moved |= fromHead();
        }
    }

    private boolean toHead() {
        boolean moved = false;
        while (transport.pending() > 0 && channel.isOpen()) {
            ByteBuffer head = transport.head().duplicate();
            byte[] bytes = new byte[Math.min(cut, head.remaining())];
            head.get(bytes);
            transport.pop(bytes.length);
            channel.writeInbound(Unpooled.wrappedBuffer(bytes));
            moved = true;
        }
        return moved;
    }

    private boolean fromHead() {
        boolean moved = false;
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            byte[] bytes = new byte[out.readableBytes()];
            out.readBytes(bytes);
            out.release();
            fromHead.writeBytes(bytes);
            moved |= bytes.length > 0;
            for (int i = 0; i < bytes.length && transport.capacity() > 0; ) {
                int count = Math.min(Math.min(cut, transport.capacity()), bytes.length - i);
                transport.tail().put(bytes, i, count);
                transport.process();
                i += count;
            }
        }
        return moved;
    }

    void advance(long seconds) {
        channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();
        pump();
    }

    Sender sender(String address) {
        Sender sender = session.sender("sender-" + address + "-" + UUID.randomUUID());
        Target target = new Target();
        target.setAddress(address);
        sender.setTarget(target);
        sender.setProperties(Map.of(Symbol.valueOf("com.microsoft:client-version"), "test"));
        sender.open();
        pump();
        return sender;
    }

    Receiver receiver(String address, int credit) {
        Receiver receiver = session.receiver("receiver-" + address + "-" + UUID.randomUUID());
        Source source = new Source();
        source.setAddress(address);
        receiver.setSource(source);
        receiver.open();
        receiver.flow(credit);
        pump();
        return receiver;
    }

    /** Puts a token by CBS and returns the status. */
    int claim(String token) {
        Map<String, Object> properties = new LinkedHashMap<>();
        properties.put("operation", "put-token");
        properties.put("type", "servicebus.windows.net:sastoken");
        properties.put("name", "hub.test/devices/any");
        Message reply = ask(UUID.randomUUID(), properties, token);
        return reply.getApplicationProperties().getValue().get("status-code") instanceof Integer status ? status : -1;
    }

    Message ask(Object messageId, Map<String, Object> properties, @Nullable Object body) {
        if (cbsSender == null) {
            cbsSender = sender("$cbs");
            cbsReceiver = receiver("$cbs", 100);
        }
        Message request = Proton.message();
        request.setMessageId(messageId);
        request.setAddress("$cbs");
        request.setReplyTo("cbs");
        request.setApplicationProperties(new ApplicationProperties(properties));
        request.setBody(new AmqpValue(body));
        send(cbsSender, 0, encode(request));
        if (cbsReceiver == null) {
            throw new IllegalStateException("no link for replies");
        }
        return receive(cbsReceiver);
    }

    static byte[] encode(Message message) {
        byte[] buffer = new byte[4 * 1024 * 1024];
        int length = message.encode(buffer, 0, buffer.length);
        return Arrays.copyOf(buffer, length);
    }

    Delivery send(Sender sender, int messageFormat, byte[] encoded) {
        Delivery delivery = sender.delivery(String.valueOf(++tags).getBytes(StandardCharsets.US_ASCII));
        delivery.setMessageFormat(messageFormat);
        sender.send(encoded, 0, encoded.length);
        sender.advance();
        pump();
        return delivery;
    }

    /** The next message on the link; settled as accepted. */
    static Message receive(Receiver receiver) {
        Delivery delivery = receiver.current();
        Message message = decode(receiver);
        receiver.advance();
        delivery.settle();
        return message;
    }

    /** The current message on the link, which stays unsettled. */
    static Message decode(Receiver receiver) {
        Delivery delivery = receiver.current();
        if (delivery == null || delivery.isPartial()) {
            throw new IllegalStateException("no message has come");
        }
        byte[] bytes = new byte[delivery.pending()];
        receiver.recv(bytes, 0, bytes.length);
        Message message = Proton.message();
        message.decode(bytes, 0, bytes.length);
        return message;
    }

    @Override
    public void close() {
        channel.finishAndReleaseAll();
    }
}
