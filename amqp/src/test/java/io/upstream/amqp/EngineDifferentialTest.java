// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.upstream.CloudMessage;
import io.upstream.SystemProperty;
import io.upstream.Telemetry;
import io.upstream.amqp.OtherEngine.Plain;
import io.upstream.amqp.engine.AmqpEngine;
import io.upstream.amqp.engine.EngineReceiver;
import io.upstream.amqp.engine.EngineSender;
import io.upstream.amqp.engine.EngineSession;
import io.upstream.amqp.engine.LinkTerms;
import io.upstream.amqp.engine.MalformedMessageException;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.amqp.engine.Opening;
import io.upstream.amqp.engine.Outcome;
import io.upstream.amqp.engine.PeerError;
import io.upstream.amqp.engine.SmoothLine;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random messages both ways between our engine and another's, in frames of random sizes, cut at random: what goes in comes out. The system
 * property {@code upstream.differential.messages} sets how many.
 */
@Timeout(3_600)
class EngineDifferentialTest {
    private static final int MESSAGES = Integer.getInteger("upstream.differential.messages", 20_000);
    private static final ByteBuffer NO_BODY = ByteBuffer.allocate(0);
    private static final int[] FRAME_SIZES = {512, 513, 1_000, 4_096, 65_536, 1 << 20};
    private static final String[] NAMES = {"alert", "größe", "x", "a name with spaces", "n".repeat(200)};

    static Stream<Named<IntFunction<OtherEngine>>> others() {
        return Stream.of(Named.of("proton-j", ProtonJ::new), Named.of("ProtonJ2", ProtonJ2::new));
    }

    @ParameterizedTest
    @MethodSource("others")
    void whatGoesInComesOutOfTheOther(IntFunction<OtherEngine> other) {
        long seed = Long.getLong("upstream.differential.seed", System.nanoTime());
        SplittableRandom random = new SplittableRandom(seed);
        int done = 0;
        try {
            while (done < MESSAGES / 2) {
                int frameSize = FRAME_SIZES[random.nextInt(FRAME_SIZES.length)];
                try (Line line = new Line(other.apply(frameSize), random)) {
                    done += line.converse(Math.min(1_000, MESSAGES / 2 - done));
                }
            }
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError("seed " + seed + " after " + done + " messages: " + e, e);
        }
    }

    /** One connection. */
    private static final class Line extends SmoothLine implements AutoCloseable {
        private final OtherEngine other;
        private final SplittableRandom random;
        private final SectionCache sections = new SectionCache();
        private final Queue<ByteBuf> written = new ArrayDeque<>();
        private final List<Object> settled = new ArrayList<>();
        private final Queue<Plain> received = new ArrayDeque<>();
        private final List<Plain> templates = new ArrayList<>();
        private final Map<Plain, Telemetry> telemetry = new HashMap<>();
        private final UnpooledByteBufAllocator buffers = new UnpooledByteBufAllocator(true, true);
        private final AmqpEngine engine;
        private final EngineSender sender;
        private final EngineReceiver receiver;
        private int sent;

        Line(OtherEngine other, SplittableRandom random) {
            this.other = other;
            this.random = random;
            engine = new AmqpEngine(
                    new Opening(
                            Opening.Login.ANONYMOUS, "ours", "hub.test", Duration.ofSeconds(60), Duration.ofMinutes(4)),
                    this,
                    System::nanoTime,
                    buffers,
                    written::add);
            engine.open();
            exchange();
            EngineSession session = engine.begin(error -> {
                throw new AssertionError("the session ended: " + error);
            });
            sender = session.sender(terms("up"), this);
            receiver = session.receiver(terms("down"), this);
            receiver.credit(OtherEngine.CREDIT);
            exchange();
            for (int i = 0; i < 8; i++) {
                templates.add(new Plain("id " + i, "type/" + i, properties(), NO_BODY));
            }
        }

        private static LinkTerms terms(String name) {
            return new LinkTerms(name, "/" + name, Map.of("key", "value"), 1 << 20);
        }

        private Map<String, String> properties() {
            Map<String, String> properties = new HashMap<>();
            for (String name : NAMES) {
                if (random.nextBoolean()) {
                    properties.put(name, "värde ".repeat(random.nextInt(1 << random.nextInt(7))));
                }
            }
            return properties;
        }

        /** Half of them ours, half of them theirs. */
        int converse(int messages) {
            int done = 0;
            while (done < messages) {
                List<Plain> ups = plains(Math.min(sender.credit(), random.nextInt(1, 20)));
                List<Plain> downs = plains(Math.min(other.credit(), random.nextInt(1, 20)));
                for (Plain up : ups) {
                    if (sender.credit() > 0) {
                        send(up);
                    } else {
                        exchange(); // a message that does not fit the window holds up the next
                        send(up);
                    }
                }
                downs.forEach(other::send);
                exchange();
                assertEquals(ups, new ArrayList<>(other.received));
                assertEquals(downs, new ArrayList<>(received));
                other.received.clear();
                received.clear();
                done += ups.size() + downs.size();
                assertTrue(!ups.isEmpty() && !downs.isEmpty(), "no credit is left");
            }
            assertEquals(sent, settled.size());
            assertTrue(other.accepted > 0);
            return done;
        }

        private List<Plain> plains(int count) {
            List<Plain> plains = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                Plain template = templates.get(random.nextInt(templates.size()));
                byte[] body = new byte[random.nextInt(1 << random.nextInt(random.nextInt(40) == 0 ? 18 : 10))];
                random.nextBytes(body);
                plains.add(new Plain(template.id(), template.type(), template.properties(), ByteBuffer.wrap(body)));
            }
            return plains;
        }

        private void send(Plain plain) {
            Plain template = new Plain(plain.id(), plain.type(), plain.properties(), NO_BODY);
            Telemetry sample = telemetry.computeIfAbsent(template, key -> {
                Telemetry made = Telemetry.of(new byte[0]).messageId(key.id()).contentType(key.type());
                for (Map.Entry<String, String> each : key.properties().entrySet()) {
                    made = made.property(each.getKey(), each.getValue());
                }
                return made;
            });
            Telemetry message = sample.withPayload(plain.body().array());
            try {
                sender.send(sections.sections(message).encoded(), message, sent++);
            } catch (InvalidTelemetryException e) {
                throw new AssertionError(e);
            }
        }

        private void exchange() {
            for (boolean moved = true; moved; ) {
                engine.flush();
                moved = !written.isEmpty();
                ByteBuf all = Unpooled.buffer();
                for (ByteBuf out = written.poll(); out != null; out = written.poll()) {
                    all.writeBytes(out);
                    out.release();
                }
                byte[] bytes = ByteBufUtil.getBytes(all);
                if (!other.takesPieces() && bytes.length > 0) {
                    other.feed(bytes);
                } else {
                    pieces(bytes).forEach(other::feed);
                }
                byte[] back = other.drain();
                moved |= back.length > 0;
                pieces(back).forEach(piece -> engine.feed(Unpooled.wrappedBuffer(piece)));
            }
        }

        private List<byte[]> pieces(byte[] bytes) {
            List<byte[]> pieces = new ArrayList<>();
            int longest = 1 << random.nextInt(4, 18);
            for (int at = 0; at < bytes.length; ) {
                int end = Math.min(bytes.length, at + random.nextInt(1, longest));
                pieces.add(Arrays.copyOfRange(bytes, at, end));
                at = end;
            }
            return pieces;
        }

        @Override
        public void delivered(long delivery, MessageBytes message) {
            CloudMessage cloud;
            try {
                cloud = CloudMessages.read(message);
            } catch (MalformedMessageException e) {
                throw new AssertionError(e);
            }
            byte[] body = new byte[cloud.payload().remaining()];
            cloud.payload().get(body);
            received.add(new Plain(
                    cloud.messageId().orElse("null"),
                    String.valueOf(cloud.system().get(SystemProperty.CONTENT_TYPE)),
                    cloud.properties(),
                    ByteBuffer.wrap(body)));
            receiver.settle(delivery, Outcome.ACCEPTED);
            receiver.credit(1);
        }

        @Override
        public void settled(Object tag, Outcome outcome, @Nullable PeerError error) {
            assertEquals(Outcome.ACCEPTED, outcome);
            settled.add(tag);
        }

        @Override
        public void close() {
            engine.discard();
            assertEquals(0, buffers.metric().usedDirectMemory(), "bytes are kept");
        }
    }
}
