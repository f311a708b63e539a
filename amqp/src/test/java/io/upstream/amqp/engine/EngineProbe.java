// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;

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
    private static final List<EngineProbe> OPEN = new ArrayList<>();

    final List<String> events = new ArrayList<>();
    final AmqpEngine engine;
    Runnable onCredit = () -> {};
    private final ByteBuf written = Unpooled.buffer();

    /** Counts what is in use, which is much faster than the detector of leaks. */
    private final UnpooledByteBufAllocator buffers = new UnpooledByteBufAllocator(true, true);

    private long now = 1;

    EngineProbe() {
        this(Opening.Login.ANONYMOUS);
    }

    EngineProbe(Opening.Login login) {
        this(login, Duration.ofMinutes(4));
    }

    /** @param signEvery how long it is silent at most */
    EngineProbe(Opening.Login login, Duration signEvery) {
        engine = new AmqpEngine(
                new Opening(login, "test", "hub.test", Duration.ofSeconds(60), signEvery),
                this,
                () -> now,
                buffers,
                this::write);
        engine.open();
        OPEN.add(this);
    }

    /** Ends what was made since the last call, and looks whether any of it keeps a buffer; for the thread that made it. */
    static void closeAll() {
        List<EngineProbe> all = List.copyOf(OPEN);
        OPEN.clear();
        for (EngineProbe probe : all) {
            probe.engine.discard();
            assertEquals(0, probe.bytesInUse(), "bytes are kept");
        }
    }

    long bytesInUse() {
        return buffers.metric().usedDirectMemory() + buffers.metric().usedHeapMemory();
    }

    private void write(ByteBuf out) {
        written.writeBytes(out);
        out.release();
    }

    /** An engine that has gone through the opening of a real hub. */
    static EngineProbe open() {
        return open(Wire.hex(Wire.OPEN));
    }

    /** An engine whose peer opened as told. */
    static EngineProbe open(byte[] open) {
        EngineProbe probe = new EngineProbe();
        probe.drain();
        probe.feed(Wire.hex(Wire.SASL_HEADER, Wire.MECHANISMS));
        probe.drain();
        probe.feed(Wire.join(Wire.hex(Wire.OUTCOME, Wire.AMQP_HEADER), open));
        probe.drain();
        return probe;
    }

    void feed(byte... bytes) {
        engine.feed(buffers.buffer(bytes.length).writeBytes(bytes));
    }

    /** Feeds in pieces of {@code size}, answering after each. */
    void feedInPieces(byte[] bytes, int size) {
        for (int at = 0; at < bytes.length; at += size) {
            feed(Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + size)));
            engine.flush();
        }
    }

    /** What was written since the last call. */
    byte[] drain() {
        engine.flush();
        byte[] all = Wire.bytes(written);
        written.clear();
        return all;
    }

    void after(Duration time) {
        now += time.toNanos();
    }

    EngineSender sender(EngineSession session, String name) {
        return session.sender(terms(name), new SenderEvents() {
            @Override
            public void credited() {
                events.add("credited " + name);
                onCredit.run();
            }

            @Override
            public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
                events.add(tag + " " + outcome + (error == null ? "" : " " + error));
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
        EngineReceiver[] receiver = new EngineReceiver[1];
        receiver[0] = session.receiver(terms(name), new ReceiverEvents() {
            @Override
            public void delivered(long delivery, MessageBytes message) {
                events.add("delivered " + name + " " + describe(message));
                receiver[0].settle(delivery, Outcome.ACCEPTED);
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
        return receiver[0];
    }

    private static String describe(MessageBytes message) {
        StringBuilder text = new StringBuilder();
        byte[] sections = message.copy();
        AmqpReader in = new AmqpReader(sections, 0, sections.length);
        try {
            while (in.hasMore()) {
                int section = in.sectionCode();
                Object value = in.value();
                if (section == 0x73 && value instanceof List<?> properties && properties.size() > 5) {
                    text.append(properties.get(5));
                } else if (value instanceof byte[] bytes) {
                    text.append(bytes.length).append(" bytes");
                } else {
                    text.append(' ').append(value);
                }
            }
        } catch (MalformedMessageException e) {
            return String.valueOf(e.getMessage());
        }
        return text.toString();
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
