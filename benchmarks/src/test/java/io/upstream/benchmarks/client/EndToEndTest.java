// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.benchmarks.load.Way;
import io.upstream.benchmarks.sink.Sink;
import io.upstream.emulator.tls.EmulatorCa;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients against the sink, in one JVM. */
class EndToEndTest {
    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "upstream, mqtt-tls",
        "upstream, mqtt-ws",
        "upstream, amqp-tls",
        "upstream, amqp-ws",
        "limit, mqtt",
        "limit, mqtt-tls",
        "limit, amqp-tls"
    })
    void eachMessageArrivesIntact(String name, String wayId) throws Exception {
        Way way = Way.of(wayId);
        EmulatorCa ca = EmulatorCa.create();
        Path trust = ca.writeTrustBundle(directory.resolve("ca.pem"));
        try (Sink sink = new Sink(ca, "localhost")) {
            PeerClient client = Clients.create(name, new Endpoint(way, "localhost", sink.port(way), trust, 0, 32));
            Acks acks = new Acks();
            PeerConnection connection = client.open(0, acks);
            Load load = new Load(connection, acks);
            Load.Round busy = load.run(32, TimeUnit.MILLISECONDS.toNanos(100));
            Load.Round single = load.run(1, TimeUnit.MILLISECONDS.toNanos(20));
            connection.close();
            client.close();
            assertTrue(busy.messages() > 0 && single.messages() > 0);
            assertTrue(single.p50() > 0 && single.p50() <= single.p99());
            assertEquals(busy.messages() + single.messages(), single.sentSoFar());
            assertEquals(single.sentSoFar(), sink.intact());
            assertEquals(0, sink.damaged());
        }
    }
}
