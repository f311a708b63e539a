// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.ConnectionString;
import io.upstream.SasKey;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.TelemetryRecord;
import io.upstream.testing.SecretScan;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;

/** A hub, and the options that lead to it. */
final class TestHub implements AutoCloseable {
    private final AtomicInteger devices = new AtomicInteger();
    private final IotHubEmulator hub;

    private TestHub(IotHubEmulator hub) {
        this.hub = hub;
    }

    static TestHub start() throws IOException {
        Path directory = Files.createTempDirectory("upstream-test-hub-");
        directory.toFile().deleteOnExit();
        return new TestHub(IotHubEmulator.builder().directory(directory).start());
    }

    IotHubEmulator hub() {
        return hub;
    }

    /** Registers a device that nothing else uses. */
    String newDevice() {
        String id = "device-" + devices.incrementAndGet();
        hub.addDevice(id);
        SecretScan.guard(
                ((SasKey) ConnectionString.parse(hub.connectionString(id)).credentials()).text());
        return id;
    }

    /** How many {@link #newDevice} has made: {@code device-1} and so on. */
    int devices() {
        return devices.get();
    }

    int port(UpstreamProtocol protocol) {
        return switch (protocol) {
            case MQTT -> hub.mqttPort();
            case AMQP -> hub.amqpPort();
            case MQTT_WS, AMQP_WS -> hub.wsPort();
        };
    }

    /** A whole command line: {@code command}, the way to this hub without a proxy, then {@code more}, which may override it. */
    String[] args(String command, String device, UpstreamProtocol protocol, String... more) {
        List<String> args = new ArrayList<>(List.of(
                command,
                "--connection-string",
                hub.connectionString(device),
                "--protocol",
                protocol.wireName(),
                "--port",
                String.valueOf(port(protocol)),
                "--trust-bundle",
                hub.trustBundle().toString()));
        List<String> rest = List.of(more);
        if (!rest.contains("--proxy")) {
            args.addAll(List.of("--proxy", "none"));
        }
        args.addAll(rest);
        return args.toArray(String[]::new);
    }

    /** The bodies that came from a device, in order, once there are {@code count}. */
    List<byte[]> bodies(String device, int count) throws InterruptedException {
        try {
            return hub.awaitTelemetry(device, count, Duration.ofSeconds(10)).stream()
                    .map(TelemetryRecord::message)
                    .map(message -> message.body())
                    .toList();
        } catch (TimeoutException e) {
            throw new AssertionError(e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        hub.close();
    }
}
