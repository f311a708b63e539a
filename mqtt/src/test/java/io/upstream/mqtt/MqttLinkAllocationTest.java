// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamException.Where;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.frame.FrameAccumulator;
import io.upstream.session.Callbacks;
import io.upstream.session.Line;
import io.upstream.session.LineOwner;
import io.upstream.session.Outbox;
import io.upstream.session.Pace;
import io.upstream.session.SessionTerms;
import io.upstream.session.SharedRoom;
import io.upstream.session.Subject;
import io.upstream.testing.AllocationMeter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole way of a message: from the call through outbox, batch and wire to its PUBACK and the completed future. */
class MqttLinkAllocationTest {
    private static final int WINDOW = 256;

    /** A future of 56 bytes, and for a turn of the event loop and for each full buffer less than 16 per message. */
    private static final double AT_MOST = 72;

    @ParameterizedTest
    @CsvSource({"64", "1024"})
    void makesNothingForAMessageButItsFuture(int size) {
        List<Harness> harness = new ArrayList<>(1); // made on the thread that measures, where no leak is looked for
        Telemetry message =
                Telemetry.of(new byte[size]).property("site", "hall 7").property("alert", "false");
        double bytes = AllocationMeter.bytesPerOperation(40, () -> {
                    if (harness.isEmpty()) {
                        harness.add(new Harness());
                    }
                    harness.get(0).turn(message);
                })
                / WINDOW;
        assertTrue(bytes <= AT_MOST, bytes + " bytes");
        assertEquals(0, harness.get(0).outbox().size());
        harness.get(0).close();
    }

    /** A link whose peer acknowledges everything at once. */
    private static final class Harness implements LineOwner {
        private final EmbeddedChannel channel = new EmbeddedChannel();
        private final UpstreamRuntime runtime =
                UpstreamRuntime.builder().threads(1).callbacks(Runnable::run).build();
        private final Hub hub = new Hub(channel);
        private final MqttLink link;
        private final Outbox outbox;
        private final CompletionStage<?>[] sends = new CompletionStage<?>[WINDOW];

        private Harness() {
            Callbacks callbacks = new Callbacks(Runnable::run);
            Where where = new Where("mqtt", "hub h:8883");
            UpstreamOptions options = UpstreamOptions.forHub("h.example").build();
            Identity identity = Identity.device("dev-1");
            SasKey key = SasKey.of("c2VjcmV0IGtleSBvZiBhIGRldmljZQ==");
            Dialect dialect;
            try {
                dialect = Dialect.of(identity, key, options);
                SessionTerms terms = new SessionTerms(
                        identity, UpstreamProtocol.MQTT, true, options, runtime, channel.eventLoop(), callbacks);
                link = new MqttLink(
                        new SessionSetup(terms, dialect, new Pace(options, () -> 0L)),
                        channel,
                        where,
                        new InFlight(options.outboxMessages()));
                outbox = new Outbox(
                        channel.eventLoop(),
                        callbacks,
                        options,
                        new SharedRoom(Long.MAX_VALUE),
                        link::pump,
                        () -> channel.eventLoop().ticker().nanoTime());
            } catch (UpstreamException e) {
                throw new AssertionError(e);
            }
            channel.pipeline().addLast(hub, new MqttFrameReader(channel, where, dialect.cloudTopic(), link), link);
            link.serve(this);
        }

        @Override
        public Outbox outbox() {
            return outbox;
        }

        @Override
        public void up(Line line) {}

        @Override
        public void failed(UpstreamException cause) {}

        @Override
        public void lost(Line line, Subject subject, UpstreamException cause) {}

        @Override
        public void retiring(Line line) {}

        @Override
        public void down(Line line, @Nullable UpstreamException cause) {}

        private void turn(Telemetry message) {
            for (int i = 0; i < WINDOW; i++) {
                sends[i] = outbox.submit(message);
            }
            channel.runPendingTasks();
            hub.acknowledge();
            channel.runPendingTasks();
            for (int i = 0; i < WINDOW; i++) {
                if (!sends[i].toCompletableFuture().isDone()) {
                    throw new AssertionError("message " + i + " is not acknowledged");
                }
            }
        }

        private void close() {
            channel.finishAndReleaseAll();
            runtime.close();
        }
    }

    /** Reads each PUBLISH where it lies and collects the PUBACKs. */
    private static final class Hub extends ChannelOutboundHandlerAdapter
            implements FrameAccumulator.Format<RuntimeException> {
        private final EmbeddedChannel channel;
        private final FrameAccumulator<RuntimeException> in;
        private final ByteBuf acks;
        private int flushes;

        private Hub(EmbeddedChannel channel) {
            this.channel = channel;
            this.in = new FrameAccumulator<>(channel.alloc(), this);
            this.acks = channel.alloc().directBuffer(4 * WINDOW);
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object part, ChannelPromise promise) {
            in.feed((ByteBuf) part);
            promise.setSuccess();
        }

        @Override
        public void flush(ChannelHandlerContext ctx) {
            flushes++;
        }

        @Override
        public int frameLength(ByteBuf in) {
            int length = 0;
            for (int i = 1; i < in.readableBytes(); i++) {
                int octet = in.getByte(in.readerIndex() + i);
                length |= (octet & 0x7F) << (7 * (i - 1));
                if (octet >= 0) {
                    return 1 + i + length;
                }
            }
            return UNKNOWN;
        }

        @Override
        public void frame(ByteBuf in, int length) {
            int at = in.readerIndex() + 2;
            while (in.getByte(at - 1) < 0) {
                at++;
            }
            acks.writeShort(0x4002).writeShort(in.getUnsignedShort(at + 2 + in.getUnsignedShort(at)));
        }

        private void acknowledge() {
            assertEquals(1, flushes, "flushes in one turn");
            flushes = 0;
            channel.pipeline().fireChannelRead(acks.retain());
            channel.pipeline().fireChannelReadComplete();
            acks.clear();
        }
    }
}
