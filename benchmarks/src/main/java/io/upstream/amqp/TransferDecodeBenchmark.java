// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.upstream.benchmarks.codec.CodecBenchmark;
import org.apache.qpid.proton.amqp.Binary;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** Sixteen transfer frames with a whole message in each, all in one buffer, to what an application reads. */
@State(Scope.Thread)
public class TransferDecodeBenchmark extends CodecBenchmark {
    private static final int FRAMES = 16;

    /** Who decodes. */
    @Param
    public TransferDecoders codec = TransferDecoders.UPSTREAM;

    /** Payload in bytes. */
    @Param({"64", "1024", "16384", "262000"})
    public int size;

    private final MessageSink sink = new MessageSink();
    private TransferDecoders.Candidate candidate = in -> {};
    private long turns;
    private ByteBuf stream = Unpooled.EMPTY_BUFFER;

    /** Has proton-j write the frames, and compares what the candidate finds in them. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] payload = AmqpSample.payload(size);
        byte[] message = AmqpSample.encoded(payload);
        stream = Unpooled.directBuffer(FRAMES * (message.length + AmqpSample.OVERHEAD));
        for (int id = 0; id < FRAMES; id++) {
            Object transfer = AmqpSample.transfer(id, new Binary(new byte[] {0, 0, 0, (byte) id}));
            stream.writeBytes(AmqpSample.frame(0, transfer, message, 0, message.length));
        }
        candidate = codec.make(sink);
        if (codec != TransferDecoders.LIMIT) {
            sink.requireMessages(codec, payload, FRAMES, this::decodeTransfer);
        }
    }

    @TearDown(Level.Trial)
    public void requireTotal() {
        sink.requireTotal(codec, turns * FRAMES);
    }

    @Benchmark
    @OperationsPerInvocation(FRAMES)
    public long decodeTransfer() {
        candidate.read(stream.retainedDuplicate());
        turns++;
        return sink.sum();
    }
}
