// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.UpstreamProtocol;
import io.upstream.emulator.proxy.AccessRecord;
import io.upstream.emulator.proxy.ConnectProxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.junit.jupiter.api.Test;

class AutoProtocolTest {
    @Test
    void findsTheProtocolThatThePortSpeaks() throws Exception {
        try (TestHub hub = TestHub.start()) {
            String device = hub.newDevice();
            String[] args = hub.args("send", device, UpstreamProtocol.MQTT, "--count", "3", "--json");
            args[List.of(args).indexOf("--protocol") + 1] = "auto";
            Shell.Run run = Shell.run(args);
            assertEquals(Cli.DONE, run.code(), run.toString());
            DeliveryTest.assertSummary(run, UpstreamProtocol.MQTT, 3, 3);
        }
    }

    @Test
    void asksAProxyThatLetsOnlyHttpsThroughForNothingElse() throws Exception {
        try (TestHub hub = TestHub.start();
                ConnectProxy proxy = ConnectProxy.builder()
                        .allowPorts(443)
                        .route(
                                "localhost:443",
                                new InetSocketAddress(
                                        InetAddress.getLoopbackAddress(), hub.port(UpstreamProtocol.AMQP_WS)))
                        .start()) {
            Shell.Run run = Shell.run(
                    "send",
                    "--connection-string",
                    hub.hub().connectionString(hub.newDevice()),
                    "--protocol",
                    "Auto",
                    "--proxy",
                    proxy.url(),
                    "--trust-bundle",
                    hub.hub().trustBundle().toString(),
                    "--count",
                    "3",
                    "--json");
            assertEquals(Cli.DONE, run.code(), run.toString());
            DeliveryTest.assertSummary(run, UpstreamProtocol.AMQP_WS, 3, 3);
            assertEquals(
                    List.of("localhost:443"),
                    proxy.accessLog().stream().map(AccessRecord::target).toList());
        }
    }

    @Test
    void saysWhatItTriedWhenNothingWorks() throws Exception {
        try (ClosedPort closed = new ClosedPort()) {
            Shell.Run run = Shell.run(
                    "send",
                    "--connection-string",
                    "HostName=localhost;DeviceId=d;SharedAccessKey=a2V5LW9mLXNvbWVib2R5",
                    "--proxy",
                    "none",
                    "--port",
                    String.valueOf(closed.number()));
            assertEquals(Cli.FAILED, run.code(), run.toString());
            assertEquals(1, run.errLines().size(), run.err());
            assertTrue(run.err().contains("tried Amqp, AmqpWs, Mqtt, MqttWs"), run.err());
        }
    }
}
