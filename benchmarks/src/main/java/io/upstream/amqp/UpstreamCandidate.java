// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.upstream.FailureKind;
import io.upstream.Telemetry;
import io.upstream.amqp.engine.AmqpEngine;
import io.upstream.amqp.engine.EngineEvents;
import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.Opening;
import io.upstream.amqp.engine.Outcome;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.ReceiverEvents;
import io.upstream.amqp.engine.SenderEvents;
import io.upstream.benchmarks.codec.Wire;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.apache.qpid.proton.amqp.transport.Role;
import org.jspecify.annotations.Nullable;

/** Our engine. Its messages are what it is used to: encoded sections, and the payload of the data section as it lies in memory. */
final class UpstreamCandidate implements Engines.Candidate, EngineEvents, SenderEvents {
    private static final LinkTerms TERMS = new LinkTerms(PeerScript.LINK, PeerScript.LINK, Map.of(), 1 << 20);

    private final AmqpEngine engine;
    private byte[] sections = {};
    private Telemetry message = Telemetry.of(sections);
    private @Nullable EngineSender sender;
    private @Nullable EngineReceiver receiver;
    private @Nullable String failure;
    private long accepted;

    UpstreamCandidate(Wire wire) {
        Opening opening = new Opening(null, "benchmark", "localhost", Duration.ofMinutes(4));
        engine = new AmqpEngine(opening, this, System::nanoTime, PooledByteBufAllocator.DEFAULT, wire);
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

    @Override
    public void openSender(byte[] encoded) {
        takeApart(encoded);
        sender = begin().sender(TERMS, this);
        flush();
        feed(PeerScript.attach(Role.RECEIVER));
    }

    private void takeApart(byte[] encoded) {
        try {
            message = Telemetry.of(
                    InboundMessage.read(Unpooled.wrappedBuffer(encoded)).body());
        } catch (MalformedMessageException e) {
            throw new IllegalStateException(e);
        }
        int head = encoded.length - (int) EngineSender.size(sections, message);
        sections = Arrays.copyOf(encoded, head);
    }

    @Override
    public void openReceiver(Engines.Inbox inbox) {
        EngineReceiver link = begin().receiver(TERMS, new Receiving(inbox));
        receiver = link;
        flush();
        feed(PeerScript.attach(Role.SENDER));
        link.credit(1 << 30);
        flush();
    }

    @Override
    public void send() {
        Objects.requireNonNull(sender).send(sections, message, this);
    }

    @Override
    public void feed(ByteBuf in) {
        engine.feed(in);
        if (failure != null) {
            throw new IllegalStateException(failure);
        }
    }

    @Override
    public void flush() {
        engine.flush();
    }

    @Override
    public long accepted() {
        return accepted;
    }

    @Override
    public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
        if (outcome == Outcome.ACCEPTED) {
            accepted++;
        }
    }

    @Override
    public void credited() {}

    @Override
    public void attached() {}

    @Override
    public void detached(@Nullable PeerError error) {
        failure = "detached: " + error;
    }

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

    private final class Receiving implements ReceiverEvents {
        private final Engines.Inbox inbox;

        Receiving(Engines.Inbox inbox) {
            this.inbox = inbox;
        }

        @Override
        public void delivered(long delivery, ByteBuf encoded) {
            inbox.message(encoded);
            Objects.requireNonNull(receiver).settle(delivery, Outcome.ACCEPTED);
        }

        @Override
        public void attached() {}

        @Override
        public void detached(@Nullable PeerError error) {
            failure = "detached: " + error;
        }
    }
}
