// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.upstream.FailureKind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An engine on its own with a manual clock: notes what it says and what it writes. */
final class EngineProbe implements EngineEvents, SessionEvents {
    final List<String> events = new ArrayList<>();
    final ProtonEngine engine;
    private long now = 1;

    EngineProbe() {
        engine = new ProtonEngine(() -> now);
        engine.open(new Opening(null, "test", "hub.test", Duration.ofSeconds(60)), this);
        drain();
    }

    /** An engine that has gone through the opening of a real hub and has begun a session on channel 0. */
    static EngineProbe open() {
        EngineProbe probe = new EngineProbe();
        probe.feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
        probe.drain();
        probe.feed(Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER, Wire.OPEN));
        probe.drain();
        return probe;
    }

    void feed(byte... bytes) {
        ByteBuf in = Unpooled.wrappedBuffer(bytes);
        engine.feed(in);
        if (in.isReadable()) {
            throw new AssertionError("the engine left " + in.readableBytes() + " bytes");
        }
    }

    /** Feeds in pieces of {@code size}, answering after each. */
    void feedInPieces(byte[] bytes, int size) {
        for (int at = 0; at < bytes.length; at += size) {
            feed(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + size)));
            drain();
        }
    }

    byte[] drain() {
        ByteBuf all = Unpooled.buffer();
        engine.drainTo(
                piece -> {
                    all.writeBytes(piece);
                    piece.release();
                },
                UnpooledByteBufAllocator.DEFAULT);
        return Wire.bytes(all);
    }

    void after(Duration time) {
        now += time.toNanos();
    }

    EngineSender sender(EngineSession session, String name) {
        return session.sender(terms(name), new SenderEvents() {
            @Override
            public void credited() {
                events.add("credited " + name);
            }

            @Override
            public void attached() {
                events.add("attached " + name);
            }

            @Override
            public void detached(@Nullable PeerError error) {
                events.add("detached " + name + " " + error);
            }
        });
    }

    EngineReceiver receiver(EngineSession session, String name) {
        return session.receiver(terms(name), new ReceiverEvents() {
            @Override
            public void delivered(EngineDelivery delivery, byte[] message) {
                events.add("delivered " + name + " " + describe(message));
                delivery.settle(Outcome.Kind.ACCEPTED);
            }

            @Override
            public void attached() {
                events.add("attached " + name);
            }

            @Override
            public void detached(@Nullable PeerError error) {
                events.add("detached " + name + " " + error);
            }
        });
    }

    private static String describe(byte[] message) {
        try {
            InboundMessage read = InboundMessage.read(message);
            return read.property(InboundMessage.CORRELATION_ID) + " " + read.application();
        } catch (MalformedMessageException e) {
            return e.getMessage();
        }
    }

    private static LinkTerms terms(String name) {
        return new LinkTerms(name, "$cbs", Map.of("com.microsoft:api-version", "2021-04-12"), 1_000);
    }

    @Override
    public void opened() {
        events.add("opened");
    }

    @Override
    public void closed(@Nullable PeerError error) {
        events.add("closed " + error);
    }

    @Override
    public void failed(FailureKind kind, String what) {
        events.add("failed " + kind);
    }

    @Override
    public void ended(@Nullable PeerError error) {
        events.add("ended " + error);
    }
}
