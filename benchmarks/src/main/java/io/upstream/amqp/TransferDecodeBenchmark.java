// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.benchmarks.codec.CodecBenchmark;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Sixteen messages in transfer frames, all in one buffer, to what an application reads. Each lies in a frame of its own; the longest come to
 * our engine in frames of 64 KiB, since it takes no longer ones.
 */
@State(Scope.Thread)
public class TransferDecodeBenchmark extends CodecBenchmark {
    private static final int MESSAGES = 16;

    /** Who decodes. */
    @Param
    public TransferDecoders codec = TransferDecoders.UPSTREAM;

    /** Payload in bytes. */
    @Param({"64", "1024", "16384", "262000"})
    public int size;

    private final MessageSink sink = new MessageSink();
    private TransferDecoders.Candidate candidate = in -> {};
    private int next;
    private PeerScript peer = PeerScript.dispositions(MESSAGES);

    /** Has proton-j write the frames, and compares what the candidate finds in them. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] payload = AmqpSample.payload(size);
        byte[] message = AmqpSample.encoded(payload);
        peer = PeerScript.transfers(MESSAGES, message, codec.maxFrameSize(message.length));
        candidate = codec.make(sink);
        if (codec != TransferDecoders.LIMIT) {
            sink.requireMessages(codec, payload, MESSAGES, this::decodeTransfer);
        }
    }

    @TearDown(Level.Trial)
    public void requireTotal() {
        sink.requireTotal(codec, next);
    }

    @Benchmark
    @OperationsPerInvocation(MESSAGES)
    public long decodeTransfer() {
        candidate.read(peer.turn(next));
        next += MESSAGES;
        return sink.sum();
    }
}
