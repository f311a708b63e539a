// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.Unpooled;
import io.upstream.benchmarks.codec.CodecBenchmark;
import io.upstream.benchmarks.codec.Wire;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** One telemetry message with three properties to the bytes of one transfer frame, ready for TLS, in turns of sixteen. */
@State(Scope.Thread)
public class TransferEncodeBenchmark extends CodecBenchmark {
    private static final int TURN = 16;

    /** Who encodes. */
    @Param
    public TransferEncoders codec = TransferEncoders.UPSTREAM;

    /** Payload in bytes. */
    @Param({"64", "1024", "16384", "262000"})
    public int size;

    private final Wire wire = new Wire();
    private TransferEncoders.Candidate candidate = id -> {};

    /** Makes the candidate, and has another library read what it writes. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] payload = AmqpSample.payload(size);
        candidate = codec.make(payload, wire);
        if (codec != TransferEncoders.LIMIT_COPY && codec != TransferEncoders.LIMIT_GATHER) {
            byte[] written = wire.during(this::encodeTransfer);
            MessageSink sink = new MessageSink();
            TransferDecoders.Candidate reader = (codec == TransferEncoders.PROTONJ2
                            ? TransferDecoders.PROTON_J
                            : TransferDecoders.PROTONJ2)
                    .make(sink);
            sink.requireMessages(codec, payload, TURN, () -> reader.read(Unpooled.wrappedBuffer(written)));
        }
    }

    @Benchmark
    @OperationsPerInvocation(TURN)
    public long encodeTransfer() {
        for (int id = 0; id < TURN; id++) {
            candidate.transfer(id);
        }
        candidate.endTurn();
        return wire.bytes();
    }
}
