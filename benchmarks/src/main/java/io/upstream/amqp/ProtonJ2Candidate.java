// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.benchmarks.codec.Wire;
import java.util.Objects;
import org.apache.qpid.proton.amqp.transport.Role;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.apache.qpid.protonj2.buffer.netty.Netty4ProtonBufferAllocator;
import org.apache.qpid.protonj2.buffer.netty.Netty4ToProtonBufferAdapter;
import org.apache.qpid.protonj2.engine.Connection;
import org.apache.qpid.protonj2.engine.Engine;
import org.apache.qpid.protonj2.engine.EngineFactory;
import org.apache.qpid.protonj2.engine.OutgoingDelivery;
import org.apache.qpid.protonj2.engine.Receiver;
import org.apache.qpid.protonj2.engine.Sender;
import org.apache.qpid.protonj2.engine.Session;
import org.apache.qpid.protonj2.engine.impl.ProtonDeliveryTagGenerator;
import org.apache.qpid.protonj2.types.messaging.Accepted;
import org.apache.qpid.protonj2.types.messaging.Source;
import org.apache.qpid.protonj2.types.messaging.Target;
import org.apache.qpid.protonj2.types.transport.DeliveryState;
import org.jspecify.annotations.Nullable;

/** ProtonJ2's engine on Netty's pooled buffers, as its client uses it. It writes each frame as soon as it is made. */
final class ProtonJ2Candidate implements Engines.Candidate {
    private final Netty4ProtonBufferAllocator buffers =
            (Netty4ProtonBufferAllocator) Netty4ProtonBufferAllocator.POOLED;
    private final Wire wire;
    private final Engine engine = EngineFactory.PROTON.createNonSaslEngine();
    private byte[] message = {};
    private @Nullable Sender sender;
    private long accepted;

    ProtonJ2Candidate(Wire wire) {
        this.wire = wire;
    }

    private void write(ProtonBuffer out) {
        if (out instanceof Netty4ToProtonBufferAdapter adapter) {
            wire.accept(adapter.unwrapAndRelease());
            return;
        }
        try (Netty4ToProtonBufferAdapter copy = buffers.outputBuffer(out.getReadableBytes())) {
            copy.writeBytes(out);
            wire.accept(copy.unwrap().retain());
        } finally {
            out.close();
        }
    }

    private Session begin() {
        engine.configuration().setBufferAllocator(buffers);
        engine.outputHandler(this::write);
        engine.errorHandler(failed -> {
            throw new IllegalStateException(failed.failureCause());
        });
        Connection connection = engine.start();
        connection.setContainerId("benchmark");
        connection.setMaxFrameSize(PeerScript.MAX_FRAME_SIZE);
        connection.open();
        feed(PeerScript.open());
        Session session = connection.session().open();
        feed(PeerScript.begin());
        return session;
    }

    @Override
    public void openSender(byte[] payload) {
        message = AmqpSample.encoded(payload);
        Sender link = begin().sender(PeerScript.LINK);
        link.setSource(new Source());
        link.setTarget(new Target().setAddress(PeerScript.LINK));
        link.setDeliveryTagGenerator(ProtonDeliveryTagGenerator.BUILTIN.POOLED.createGenerator());
        link.deliveryStateUpdatedHandler(this::settle);
        link.open();
        feed(PeerScript.attach(Role.RECEIVER));
        sender = link;
    }

    private void settle(OutgoingDelivery delivery) {
        if (delivery.getRemoteState().getType() == DeliveryState.DeliveryStateType.Accepted) {
            delivery.settle();
            accepted++;
        }
    }

    @Override
    public void openReceiver(Engines.Inbox inbox) {
        Receiver link = begin().receiver(PeerScript.LINK);
        link.setSource(new Source().setAddress(PeerScript.LINK));
        link.setTarget(new Target());
        link.deliveryReadHandler(delivery -> {
            if (!delivery.isPartial()) {
                try (ProtonBuffer sections = delivery.readAll()) {
                    inbox.message(sections);
                }
                delivery.disposition(Accepted.getInstance(), true);
            }
        });
        link.open();
        feed(PeerScript.attach(Role.SENDER));
        link.addCredit(1 << 30);
    }

    @Override
    public void send() {
        Objects.requireNonNull(sender).next().writeBytes(buffers.wrap(Unpooled.wrappedBuffer(message)));
    }

    @Override
    public void feed(ByteBuf in) {
        ProtonBuffer input = buffers.wrap(in);
        while (input.isReadable()) {
            engine.accept(input);
        }
        input.close();
    }

    @Override
    public void flush() {}

    @Override
    public long accepted() {
        return accepted;
    }
}
