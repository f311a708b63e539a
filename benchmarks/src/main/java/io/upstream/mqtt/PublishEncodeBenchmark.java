// SPDX-License-Identifier: Apache-2.0
package io.upstream.mqtt;

import io.upstream.benchmarks.codec.CodecBenchmark;
import io.upstream.benchmarks.codec.Wire;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * One telemetry message with three properties to the bytes of a PUBLISH at QoS 1, ready for TLS, in turns of sixteen. Peers are given the
 * finished topic. The application's payload is an array, which is what {@code send} is mostly given.
 */
@State(Scope.Thread)
public class PublishEncodeBenchmark extends CodecBenchmark {
    private static final int TURN = 16;

    /** Who encodes. */
    public enum Codec {
        UPSTREAM,
        /** Each message with a property set of its own, so that nothing of an earlier one can be used again. */
        UPSTREAM_NEW_PROPERTIES,
        HIVEMQ,
        /** The topic is an object that the application keeps. */
        HIVEMQ_SAME_TOPIC,
        HIVEMQ_HANDLER,
        NETTY,
        NETTY_HANDLER,
        PAHO,
        /** The floor for who copies: a prepared header and the payload into a buffer at hand. */
        LIMIT_COPY,
        /** The floor for who links: a prepared header copied, the payload passed on. */
        LIMIT_GATHER;

        PublishEncoders.Candidate make(byte[] payload, Wire wire) {
            return switch (this) {
                case UPSTREAM -> PublishEncoders.Upstream.sameProperties(payload, wire);
                case UPSTREAM_NEW_PROPERTIES -> PublishEncoders.Upstream.newProperties(payload, wire);
                case HIVEMQ -> PublishEncoders.Hive.newTopic(payload, wire);
                case HIVEMQ_SAME_TOPIC -> PublishEncoders.Hive.sameTopic(payload, wire);
                case HIVEMQ_HANDLER -> new PublishEncoders.HiveHandler(payload, wire);
                case NETTY -> new PublishEncoders.Netty(payload, wire);
                case NETTY_HANDLER -> new PublishEncoders.NettyHandler(payload, wire);
                case PAHO -> new PublishEncoders.Paho(payload, wire);
                case LIMIT_COPY -> new PublishEncoders.Copy(payload);
                case LIMIT_GATHER -> new PublishEncoders.Gather(payload, wire);
            };
        }
    }

    /** Who encodes. */
    @Param
    public Codec codec = Codec.UPSTREAM;

    /** Payload in bytes; 256 KiB less the properties, which the hub counts too. */
    @Param({"64", "1024", "16384", "262000"})
    public int size;

    private final Wire wire = new Wire();
    private PublishEncoders.Candidate candidate = new PublishEncoders.Paho(new byte[0], wire);

    /** Makes the candidate, and has Netty's decoder read what it writes. */
    @Setup(Level.Trial)
    public void prepare() {
        byte[] payload = MqttSample.payload(size);
        candidate = codec.make(payload, wire);
        if (codec != Codec.LIMIT_COPY && codec != Codec.LIMIT_GATHER) {
            MqttSample.requirePackets(codec, wire.during(this::encodePublish), payload, TURN);
        }
    }

    @Benchmark
    @OperationsPerInvocation(TURN)
    public long encodePublish() {
        for (int id = 1; id <= TURN; id++) {
            candidate.publish(id);
        }
        candidate.endTurn();
        return wire.bytes();
    }
}
