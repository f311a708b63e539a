// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.benchmarks.codec.CodecBenchmark;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Sixteen PUBLISH packets that come as a network cuts them: a buffer for each 1,460 bytes. */
@State(Scope.Thread)
public class PublishSegmentsBenchmark extends CodecBenchmark {
    private static final int PACKETS = 16;
    private static final int SEGMENT = 1_460;

    /** Who decodes. */
    @Param({"UPSTREAM", "HIVEMQ_HANDLER", "NETTY_HANDLER", "LIMIT"})
    public PacketDecoders codec = PacketDecoders.UPSTREAM;

    /** Payload in bytes. */
    @Param({"1024", "16384", "262000"})
    public int size;

    private final PacketSink sink = new PacketSink();
    private final List<ByteBuf> segments = new ArrayList<>();
    private PacketDecoders.Candidate candidate = in -> {};
    private long turns;

    /** Has Netty's encoder write the packets, and compares what the candidate finds in them. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] payload = MqttSample.payload(size);
        ByteBuf stream = MqttSample.stream(payload, PACKETS);
        while (stream.isReadable()) {
            int length = Math.min(SEGMENT, stream.readableBytes());
            segments.add(Unpooled.directBuffer(length, length).writeBytes(stream, length));
        }
        candidate = codec.make(sink);
        if (!candidate.joins()) {
            throw new IllegalStateException(codec + " decodes whole packets only");
        }
        if (codec != PacketDecoders.LIMIT) {
            sink.requirePackets(codec, payload, PACKETS, this::decodeSegments);
        }
    }

    @TearDown(Level.Trial)
    public void requireTotal() {
        sink.requireTotal(codec, turns * PACKETS);
    }

    @Benchmark
    @OperationsPerInvocation(PACKETS)
    public long decodeSegments() {
        for (ByteBuf segment : segments) {
            candidate.read(segment.retain().setIndex(0, segment.capacity()));
        }
        turns++;
        return sink.sum();
    }
}
