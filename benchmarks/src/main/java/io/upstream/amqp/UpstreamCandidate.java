// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.upstream.Telemetry;
import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.amqp.engine.Outcome;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.ReceiverEvents;
import io.upstream.amqp.engine.SenderEvents;
import io.upstream.benchmarks.codec.Wire;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Our engine, used as a session of ours uses it: sections from the cache, the payload from where the application has it. */
final class UpstreamCandidate implements Engines.Candidate {
    /** Stands for the caller's future. */
    private static final Object TAG = new Object();

    private final UpstreamEngine engine;
    private final SectionCache cache = new SectionCache();
    private Telemetry message = Telemetry.of(new byte[0]);
    private @Nullable EngineSender sender;
    private @Nullable EngineReceiver receiver;
    private long accepted;

    UpstreamCandidate(Wire wire) {
        engine = new UpstreamEngine(wire);
    }

    @Override
    public void openSender(byte[] payload) {
        message = AmqpSample.telemetry(payload);
        sender = engine.sender(new Sending());
    }

    @Override
    public void openReceiver(Engines.Inbox inbox) {
        receiver = engine.receiver(new Receiving(inbox));
    }

    @Override
    public void send() {
        try {
            Objects.requireNonNull(sender).send(cache.sections(message).encoded(), message, TAG);
        } catch (InvalidTelemetryException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void feed(ByteBuf in) {
        engine.feed(in);
    }

    @Override
    public void flush() {
        engine.flush();
    }

    @Override
    public long accepted() {
        return accepted;
    }

    private final class Sending implements SenderEvents {
        @Override
        public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
            if (tag == TAG && outcome == Outcome.ACCEPTED) {
                accepted++;
            }
        }

        @Override
        public void credited() {}

        @Override
        public void attached() {}

        @Override
        public void detached(@Nullable PeerError error) {
            throw new IllegalStateException("detached: " + error);
        }
    }

    private final class Receiving implements ReceiverEvents {
        private final Engines.Inbox inbox;

        Receiving(Engines.Inbox inbox) {
            this.inbox = inbox;
        }

        @Override
        public void delivered(long delivery, MessageBytes sections) {
            inbox.message(sections);
            Objects.requireNonNull(receiver).settle(delivery, Outcome.ACCEPTED);
        }

        @Override
        public void attached() {}

        @Override
        public void detached(@Nullable PeerError error) {
            throw new IllegalStateException("detached: " + error);
        }
    }
}
