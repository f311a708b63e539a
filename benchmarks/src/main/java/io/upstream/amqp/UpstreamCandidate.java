// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.upstream.FailureKind;
import io.upstream.benchmarks.codec.Wire;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.apache.qpid.proton.amqp.transport.Role;
import org.jspecify.annotations.Nullable;

/** Our engine. */
final class UpstreamCandidate implements Engines.Candidate {
    private static final LinkTerms TERMS = new LinkTerms(PeerScript.LINK, PeerScript.LINK, Map.of(), 1 << 20);
    private final Wire wire;
    private final AmqpEngine engine = new ProtonEngine(System::nanoTime);
    private ByteBuf message = Unpooled.EMPTY_BUFFER;
    private @Nullable EngineSender sender;
    private @Nullable String failure;
    private long accepted;

    UpstreamCandidate(Wire wire) {
        this.wire = wire;
    }

    private EngineSession begin() {
        engine.open(new Opening(null, "benchmark", "localhost", Duration.ofMinutes(4)), new EngineEvents() {
            @Override
            public void opened() {}

            @Override
            public void closed(@Nullable PeerError error) {
                failure = "closed: " + error;
            }

            @Override
            public void failed(FailureKind kind, String what) {
                failure = kind + " " + what;
            }
        });
        flush();
        for (ByteBuf piece : PeerScript.sasl()) {
            feed(piece);
            flush();
        }
        feed(PeerScript.open());
        EngineSession session = engine.begin(error -> {
            throw new IllegalStateException("ended: " + error);
        });
        flush();
        feed(PeerScript.begin());
        return session;
    }

    @Override
    public void openSender(byte[] encoded) {
        message = Unpooled.directBuffer(encoded.length).writeBytes(encoded);
        sender = begin().sender(TERMS, new Sending());
        flush();
        feed(PeerScript.attach(Role.RECEIVER));
    }

    @Override
    public void openReceiver(Engines.Inbox inbox) {
        EngineReceiver receiver = begin().receiver(TERMS, new Receiving(inbox));
        flush();
        feed(PeerScript.attach(Role.SENDER));
        receiver.credit(1 << 30);
        flush();
    }

    @Override
    public void send() {
        Objects.requireNonNull(sender).transfer(message.retainedDuplicate(), outcome -> {
            if (outcome.kind() == Outcome.Kind.ACCEPTED) {
                accepted++;
            }
        });
    }

    @Override
    public void feed(ByteBuf in) {
        engine.feed(in);
        in.release();
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    @Override
    public void flush() {
        engine.drainTo(wire, PooledByteBufAllocator.DEFAULT);
    }

    @Override
    public long accepted() {
        return accepted;
    }

    private static class Sending implements SenderEvents {
        @Override
        public void credited() {}

        @Override
        public void attached() {}

        @Override
        public void detached(@Nullable PeerError error) {
            throw new IllegalStateException("detached: " + error);
        }
    }

    private record Receiving(Engines.Inbox inbox) implements ReceiverEvents {
        @Override
        public void delivered(EngineDelivery delivery, byte[] sections) {
            inbox.message(sections);
            delivery.settle(Outcome.Kind.ACCEPTED);
        }

        @Override
        public void attached() {}

        @Override
        public void detached(@Nullable PeerError error) {
            throw new IllegalStateException("detached: " + error);
        }
    }
}
