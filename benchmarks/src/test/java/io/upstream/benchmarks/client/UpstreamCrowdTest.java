// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.upstream.benchmarks.load.Way;
import io.upstream.emulator.IotHubEmulator;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class UpstreamCrowdTest {
    private static final int IDENTITIES = 5;
    private static final Duration LIMIT = Duration.ofSeconds(30);

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource(names = {"MQTT_TLS", "MQTT_WS", "AMQP_TLS", "AMQP_WS"})
    void everyIdentitySendsOnce(Way way) throws Exception {
        try (IotHubEmulator hub = IotHubEmulator.builder().directory(directory).start()) {
            for (int i = 0; i < IDENTITIES; i++) {
                hub.addDevice("bench-" + i, Base64.getEncoder().encodeToString(new byte[32]));
            }
            int port = way.isWebSocket() ? hub.wsPort() : way.isAmqp() ? hub.amqpPort() : hub.mqttPort();
            try (UpstreamCrowd crowd =
                    new UpstreamCrowd(new Endpoint(way, hub.hostName(), port, hub.trustBundle(), 0, 8))) {
                assertEquals(new Tally.Outcome(IDENTITIES, ""), crowd.open(IDENTITIES, LIMIT));
                assertEquals(new Tally.Outcome(IDENTITIES, ""), crowd.send(new byte[16], LIMIT));
            }
            for (int i = 0; i < IDENTITIES; i++) {
                assertEquals(1, hub.telemetry("bench-" + i).size());
            }
        }
    }
}
