// SPDX-License-Identifier: Apache-2.0
package io.upstream.amqp;

import io.upstream.benchmarks.codec.CodecBenchmark;
import io.upstream.benchmarks.codec.Wire;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * A whole engine: sixteen messages, whose sections are encoded once and for all, are sent, written and answered by a disposition each. Small ones are written once for all
 * sixteen, as at the end of an event loop's turn, large ones each by itself.
 */
@State(Scope.Thread)
public class EngineSendBenchmark extends CodecBenchmark {
    private static final int TURN = 16;
    private static final int LARGE = 8_192;

    /** Whose engine. */
    @Param
    public Engines codec = Engines.UPSTREAM;

    /** Payload in bytes. */
    @Param({"1024", "262000"})
    public int size;

    private final Wire wire = new Wire();
    private final PeerScript peer = PeerScript.dispositions(TURN);
    private Engines.Candidate candidate = codec.make(wire);
    private int next;

    /** Opens the link, and has another library read what the engine writes. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] payload = AmqpSample.payload(size);
        candidate = codec.make(wire);
        candidate.openSender(payload);
        EngineCheck.requireTransfers(codec, wire.during(this::send), AmqpSample.encoded(payload), TURN);
        if (candidate.accepted() != TURN) {
            throw new IllegalStateException(codec + " was told of " + candidate.accepted() + " outcomes");
        }
    }

    /** An engine that has given up does its work in no time. */
    @TearDown(Level.Trial)
    public void requireAllAccepted() {
        if ((int) candidate.accepted() != next) {
            throw new IllegalStateException(codec + " sent " + next + ", was told of " + candidate.accepted());
        }
    }

    @Benchmark
    @OperationsPerInvocation(TURN)
    public long send() {
        for (int i = 0; i < TURN; i++) {
            candidate.send();
            if (size > LARGE) {
                candidate.flush();
            }
        }
        candidate.flush();
        candidate.feed(peer.turn(next));
        next += TURN;
        return candidate.accepted();
    }
}
