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

/** Sixty-four PUBACK packets that lie in one buffer. */
@State(Scope.Thread)
public class PubAckDecodeBenchmark extends CodecBenchmark {
    private static final int PACKETS = 64;

    /** Who decodes. */
    @Param
    public PacketDecoders codec = PacketDecoders.UPSTREAM;

    private final PacketSink sink = new PacketSink();
    private final ByteBuf stream = Unpooled.directBuffer(PACKETS * 4);
    private PacketDecoders.Candidate candidate = in -> {};
    private long turns;

    /** Compares what the candidate finds. */
    @Setup(Level.Trial)
    public void prepare() {
        for (int id = 1; id <= PACKETS; id++) {
            stream.writeShort(0x4002).writeShort(id);
        }
        candidate = codec.make(sink);
        sink.requirePackets(codec, null, PACKETS, this::decodePubAck);
    }

    @TearDown(Level.Trial)
    public void requireTotal() {
        sink.requireTotal(codec, turns * PACKETS);
    }

    @Benchmark
    @OperationsPerInvocation(PACKETS)
    public long decodePubAck() {
        candidate.read(stream.retainedDuplicate());
        turns++;
        return sink.sum();
    }
}
