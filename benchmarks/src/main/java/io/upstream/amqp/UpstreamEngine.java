// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.upstream.FailureKind;
import io.upstream.amqp.engine.AmqpEngine;
import io.upstream.amqp.engine.EngineEvents;
import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.Opening;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.ReceiverEvents;
import io.upstream.amqp.engine.SenderEvents;
import io.upstream.benchmarks.codec.Wire;
import java.time.Duration;
import java.util.Map;
import org.apache.qpid.proton.amqp.transport.Role;
import org.jspecify.annotations.Nullable;

/** Our engine with a {@link PeerScript} for a peer: one session, one link, all the credit and windows that there are. */
final class UpstreamEngine {
    private static final int CREDIT = 1 << 30;
    private static final LinkTerms TERMS = new LinkTerms(PeerScript.LINK, PeerScript.LINK, Map.of(), 1 << 20);

    private final AmqpEngine engine;
    private @Nullable String failure;

    UpstreamEngine(Wire wire) {
        engine = new AmqpEngine(
                new Opening(
                        Opening.Login.ANONYMOUS,
                        "benchmark",
                        "localhost",
                        Duration.ofMinutes(4),
                        Duration.ofMinutes(4)),
                new Connection(),
                System::nanoTime,
                PooledByteBufAllocator.DEFAULT,
                wire);
    }

    /** Opens the one link, to send on. */
    EngineSender sender(SenderEvents events) {
        EngineSender sender = begin().sender(TERMS, events);
        flush();
        feed(PeerScript.attach(Role.RECEIVER));
        return sender;
    }

    /** Opens the one link, to receive from. */
    EngineReceiver receiver(ReceiverEvents events) {
        EngineReceiver receiver = begin().receiver(TERMS, events);
        flush();
        feed(PeerScript.attach(Role.SENDER));
        receiver.credit(CREDIT);
        flush();
        return receiver;
    }

    private EngineSession begin() {
        engine.open();
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

    /** Takes what the peer writes. */
    void feed(ByteBuf in) {
        engine.feed(in);
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    /** An event loop's turn ends. */
    void flush() {
        engine.flush();
    }

    private final class Connection implements EngineEvents {
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
    }
}
