// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.ProtonBufferAllocator;
import org.apache.qpid.protonj2.codec.CodecFactory;
import org.apache.qpid.protonj2.codec.Decoder;
import org.apache.qpid.protonj2.codec.DecoderState;
import org.apache.qpid.protonj2.codec.Encoder;
import org.apache.qpid.protonj2.engine.Connection;
import org.apache.qpid.protonj2.engine.Engine;
import org.apache.qpid.protonj2.engine.EngineFactory;
import org.apache.qpid.protonj2.engine.IncomingDelivery;
import org.apache.qpid.protonj2.engine.OutgoingDelivery;
import org.apache.qpid.protonj2.engine.Receiver;
import org.apache.qpid.protonj2.engine.Sender;
import org.apache.qpid.protonj2.engine.sasl.SaslOutcome;
import org.apache.qpid.protonj2.engine.sasl.SaslServerContext;
import org.apache.qpid.protonj2.engine.sasl.SaslServerListener;
import org.apache.qpid.protonj2.types.Symbol;
import org.apache.qpid.protonj2.types.messaging.Accepted;
import org.apache.qpid.protonj2.types.messaging.ApplicationProperties;
import org.apache.qpid.protonj2.types.messaging.Data;
import org.apache.qpid.protonj2.types.messaging.Properties;
import org.apache.qpid.protonj2.types.messaging.Target;
import org.apache.qpid.protonj2.types.transport.AMQPHeader;
import org.jspecify.annotations.Nullable;

/** Apache Qpid ProtonJ2's engine and codec, which share no line with proton-j's. */
final class ProtonJ2 extends OtherEngine implements SaslServerListener {
    private static final ProtonBufferAllocator BUFFERS = ProtonBufferAllocator.defaultAllocator();

    private final Engine engine = EngineFactory.PROTON.createEngine();
    private final Encoder encoder = CodecFactory.getEncoder();
    private final Decoder decoder = CodecFactory.getDecoder();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int tags;
    private @Nullable Sender sender;

    ProtonJ2(int maxFrameSize) {
        engine.outputConsumer(this::write);
        Connection connection = engine.start();
        connection.setContainerId("other").setMaxFrameSize(maxFrameSize);
        engine.saslDriver().server().setListener(this);
        connection.openHandler(Connection::open);
        connection.sessionOpenHandler(session -> session.open());
        connection.receiverOpenHandler(this::attach);
        connection.senderOpenHandler(link -> {
            sender = link;
            link.setSource(link.getRemoteSource());
            link.deliveryStateUpdatedHandler(this::answered);
            link.open();
        });
    }

    private void write(ProtonBuffer buffer) {
        byte[] bytes = new byte[buffer.getReadableBytes()];
        buffer.readBytes(bytes, 0, bytes.length);
        out.writeBytes(bytes);
    }

    @Override
    public void handleSaslHeader(SaslServerContext context, AMQPHeader header) {
        context.sendMechanisms(new String[] {"ANONYMOUS"});
    }

    @Override
    public void handleSaslInit(SaslServerContext context, Symbol mechanism, ProtonBuffer response) {
        context.sendOutcome(SaslOutcome.SASL_OK, null);
    }

    @Override
    public void handleSaslResponse(SaslServerContext context, ProtonBuffer response) {
        throw new AssertionError("nobody asked for it");
    }

    private void attach(Receiver receiver) {
        receiver.setSource(receiver.getRemoteSource());
        receiver.setTarget(receiver.<Target>getRemoteTarget());
        receiver.deliveryReadHandler(this::delivery);
        receiver.open();
        receiver.addCredit(CREDIT);
    }

    private void delivery(IncomingDelivery delivery) {
        if (!delivery.isPartial()) {
            received.add(read(delivery.readAll()));
            delivery.disposition(Accepted.getInstance(), true);
            delivery.getLink().addCredit(1);
        } else {
            delivery.claimAvailableBytes(); // or the session's window would stay shut
        }
    }

    private void answered(OutgoingDelivery delivery) {
        if (delivery.isRemotelySettled() && delivery.getRemoteState() instanceof Accepted) {
            delivery.settle();
            accepted++;
        }
    }

    private Plain read(ProtonBuffer bytes) {
        String id = "null";
        String type = "null";
        Map<String, String> properties = new HashMap<>();
        ByteBuffer body = ByteBuffer.allocate(0);
        DecoderState state = decoder.newDecoderState();
        while (bytes.isReadable()) {
            Object section = decoder.readObject(bytes, state);
            if (section instanceof Properties some) {
                id = String.valueOf(some.getMessageId());
                type = String.valueOf(some.getContentType());
            } else if (section instanceof ApplicationProperties some) {
                some.getValue().forEach((name, value) -> properties.put(name, String.valueOf(value)));
            } else if (section instanceof Data data) {
                byte[] content = data.getValue();
                body = content == null ? body : ByteBuffer.wrap(content);
            }
        }
        return new Plain(id, type, properties, body);
    }

    /** Release 1.1.0 fails with an index out of bounds when the first bytes of a frame come in two pieces. */
    @Override
    boolean takesPieces() {
        return false;
    }

    @Override
    void feed(byte[] bytes) {
        engine.accept(BUFFERS.copy(bytes));
        if (engine.isFailed()) {
            throw new AssertionError(engine.failureCause());
        }
    }

    @Override
    byte[] drain() {
        byte[] bytes = out.toByteArray();
        out.reset();
        return bytes;
    }

    @Override
    int credit() {
        return sender == null ? 0 : sender.getCredit();
    }

    @Override
    void send(Plain plain) {
        ProtonBuffer bytes = BUFFERS.allocate();
        Properties properties = new Properties();
        properties.setMessageId(plain.id());
        properties.setContentType(plain.type());
        encoder.writeObject(bytes, encoder.newEncoderState(), properties);
        encoder.writeObject(
                bytes, encoder.newEncoderState(), new ApplicationProperties(new HashMap<>(plain.properties())));
        encoder.writeObject(
                bytes, encoder.newEncoderState(), new Data(plain.body().array()));
        Sender link = sender;
        if (link == null) {
            throw new AssertionError("no link");
        }
        OutgoingDelivery delivery = link.next();
        delivery.setTag(ByteBuffer.allocate(Integer.BYTES).putInt(tags++).array());
        delivery.writeBytes(bytes);
    }
}
