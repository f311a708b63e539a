// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.benchmarks.codec.CodecBenchmark;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Sixty-four PUBLISH packets that lie in one buffer. */
@State(Scope.Thread)
public class PublishDecodeBenchmark extends CodecBenchmark {
    private static final int PACKETS = 64;

    /** Who decodes. */
    @Param
    public PacketDecoders codec = PacketDecoders.UPSTREAM;

    /** Payload in bytes. */
    @Param({"64", "1024", "16384", "262000"})
    public int size;

    private final PacketSink sink = new PacketSink();
    private PacketDecoders.Candidate candidate = in -> {};
    private long turns;
    private ByteBuf stream = Unpooled.EMPTY_BUFFER;

    /** Has Netty's encoder write the packets, and compares what the candidate finds in them. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] payload = MqttSample.payload(size);
        stream = MqttSample.stream(payload, PACKETS);
        candidate = codec.make(sink);
        if (codec != PacketDecoders.LIMIT) {
            sink.requirePackets(codec, payload, PACKETS, this::decodePublish);
        }
    }

    @TearDown(Level.Trial)
    public void requireTotal() {
        sink.requireTotal(codec, turns * PACKETS);
    }

    @Benchmark
    @OperationsPerInvocation(PACKETS)
    public long decodePublish() {
        candidate.read(stream.retainedDuplicate());
        turns++;
        return sink.sum();
    }
}
