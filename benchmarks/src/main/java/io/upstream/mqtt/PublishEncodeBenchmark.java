// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.mqtt.MqttEncoder;
import io.netty.handler.codec.mqtt.MqttFixedHeader;
import io.netty.handler.codec.mqtt.MqttMessageType;
import io.netty.handler.codec.mqtt.MqttPublishMessage;
import io.netty.handler.codec.mqtt.MqttPublishVariableHeader;
import io.netty.handler.codec.mqtt.MqttQoS;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.UpstreamException;
import io.upstream.UpstreamOptions;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * One telemetry message with three properties to the bytes of a PUBLISH at QoS 1, ready for TLS: our writer beside Netty's encoder, which
 * is given the finished topic. Both go through an embedded channel, so both pay for a write.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(3)
public class PublishEncodeBenchmark {
    private static final int PACKET_ID = 4711;

    /** Payload in bytes. */
    @Param({"64", "1024", "16384"})
    public int size;

    private final EmbeddedChannel ours = new EmbeddedChannel();
    private final EmbeddedChannel nettys = new EmbeddedChannel(MqttEncoder.INSTANCE);
    private Telemetry message = Telemetry.of(new byte[0]);
    private ByteBuf payload = Unpooled.EMPTY_BUFFER;
    private String topic = "";
    private MqttFrameWriter writer = newWriter();

    private MqttFrameWriter newWriter() {
        try {
            UpstreamOptions options = UpstreamOptions.forHub("hub.test").build();
            Dialect dialect = Dialect.of(Identity.device("device-1"), SasKey.of("a2V5"), options);
            return new MqttFrameWriter(
                    new PublishEncoder(dialect), PooledByteBufAllocator.DEFAULT, ours::writeOneOutbound);
        } catch (UpstreamException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Makes the message, and checks that both encoders write the same bytes before anything is measured. */
    @Setup(Level.Trial)
    public void prepare() throws UpstreamException {
        byte[] body = new byte[size];
        message = Telemetry.of(body)
                .messageId("0f8fad5b-d9cb-469f-a165-70867728950e")
                .contentType("application/json")
                .property("alert", "false");
        topic = "devices/device-1/messages/events/"
                + "%24.mid=0f8fad5b-d9cb-469f-a165-70867728950e&%24.ct=application%2Fjson&alert=false";
        payload = Unpooled.directBuffer(size).writeBytes(body).asReadOnly();
        writer = newWriter();
        String expected = hex(nettys, this::writeNettys);
        String actual = hex(ours, this::writeOurs);
        if (!expected.equals(actual)) {
            throw new IllegalStateException("the encoders disagree: " + actual + " is not " + expected);
        }
    }

    @TearDown(Level.Trial)
    public void release() {
        payload.release();
        ours.finishAndReleaseAll();
        nettys.finishAndReleaseAll();
    }

    @Benchmark
    public int encodePublish() throws UpstreamException {
        writeOurs();
        return drain(ours);
    }

    @Benchmark
    public int encodePublishByNetty() {
        writeNettys();
        return drain(nettys);
    }

    private void writeOurs() throws UpstreamException {
        writer.publish(message, PACKET_ID);
        writer.handOver();
        ours.flushOutbound();
    }

    private void writeNettys() {
        nettys.writeOutbound(new MqttPublishMessage(
                new MqttFixedHeader(MqttMessageType.PUBLISH, false, MqttQoS.AT_LEAST_ONCE, false, 0),
                new MqttPublishVariableHeader(topic, PACKET_ID),
                payload.retainedDuplicate()));
    }

    private static int drain(EmbeddedChannel channel) {
        int bytes = 0;
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            bytes += out.readableBytes();
            out.release();
        }
        return bytes;
    }

    private interface Write {
        void run() throws UpstreamException;
    }

    private static String hex(EmbeddedChannel channel, Write write) throws UpstreamException {
        write.run();
        StringBuilder text = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            text.append(ByteBufUtil.hexDump(out));
            out.release();
        }
        return text.toString();
    }
}
