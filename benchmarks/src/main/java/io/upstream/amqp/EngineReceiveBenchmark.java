// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.upstream.amqp.engine.MessageBytes;
import io.upstream.benchmarks.codec.CodecBenchmark;
import io.upstream.benchmarks.codec.Wire;
import java.util.Arrays;
import org.apache.qpid.proton.codec.ReadableBuffer;
import org.apache.qpid.protonj2.buffer.ProtonBuffer;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A whole engine: eight messages come in one buffer, in frames of 64 KiB at most, are passed on with their sections undecoded, accepted
 * and settled, and what is to be said to that is written.
 */
@State(Scope.Thread)
public class EngineReceiveBenchmark extends CodecBenchmark {
    private static final int TURN = 8;

    /** Whose engine. */
    @Param
    public Engines codec = Engines.UPSTREAM;

    /** Payload in bytes. */
    @Param({"1024", "262000"})
    public int size;

    private final Wire wire = new Wire();
    private PeerScript peer = PeerScript.dispositions(TURN);
    private Engines.Candidate candidate = codec.make(wire);
    private byte @Nullable [] expected;

    @SuppressWarnings("UnusedVariable") // written so that the work for it cannot be left out
    private @Nullable Object last;

    private int messages;
    private int next;

    /** Opens the link, compares what the engine passes on, and has another library read what it writes. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] message = AmqpSample.encoded(AmqpSample.payload(size));
        peer = PeerScript.transfers(TURN, message, PeerScript.MAX_FRAME_SIZE);
        candidate = codec.make(wire);
        candidate.openReceiver(this::take);
        expected = message;
        EngineCheck.requireDispositions(codec, wire.during(this::receive), TURN);
        expected = null;
        if (messages != TURN) {
            throw new IllegalStateException(codec + " passed on " + messages + " messages");
        }
    }

    private void take(Object sections) {
        last = sections;
        messages++;
        if (expected != null && !Arrays.equals(bytes(sections), expected)) {
            throw new IllegalStateException(codec + " passed on another message");
        }
    }

    private static byte[] bytes(Object sections) {
        if (sections instanceof MessageBytes bytes) {
            return bytes.copy();
        } else if (sections instanceof ReadableBuffer buffer) {
            return ByteBufUtil.getBytes(Unpooled.wrappedBuffer(buffer.byteBuffer()));
        }
        ProtonBuffer buffer = (ProtonBuffer) sections;
        byte[] array = new byte[buffer.getReadableBytes()];
        buffer.copyInto(buffer.getReadOffset(), array, 0, array.length);
        return array;
    }

    /** An engine that has given up does its work in no time. */
    @TearDown(Level.Trial)
    public void requireAllReceived() {
        if (messages != next) {
            throw new IllegalStateException(codec + " was sent " + next + ", passed on " + messages);
        }
    }

    @Benchmark
    @OperationsPerInvocation(TURN)
    public long receive() {
        candidate.feed(peer.turn(next));
        candidate.flush();
        next += TURN;
        return messages;
    }
}
