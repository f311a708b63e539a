// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import io.upstream.ConnectionString;
import io.upstream.ProxyChoice;
import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.IotHubEmulator;
import java.io.IOException;
import java.time.Duration;

/** A hub in this JVM on any free ports, with its files in a temporary directory, for the length of a command. */
final class LocalHub implements AutoCloseable {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final TemporaryDirectory directory;
    private final IotHubEmulator hub;

    private LocalHub(TemporaryDirectory directory, IotHubEmulator hub) {
        this.directory = directory;
        this.hub = hub;
    }

    static LocalHub start() throws IOException {
        TemporaryDirectory directory = TemporaryDirectory.make("upstream-hub-");
        try {
            return new LocalHub(
                    directory,
                    IotHubEmulator.builder().directory(directory.path()).start());
        } catch (IOException | RuntimeException e) {
            directory.close();
            throw e;
        }
    }

    IotHubEmulator hub() {
        return hub;
    }

    /** The way to it for a device that is registered with this. */
    Target target(String deviceId, UpstreamProtocol protocol, ProxyChoice proxy, int window) {
        hub.addDevice(deviceId);
        ConnectionString string = ConnectionString.parse(hub.connectionString(deviceId));
        UpstreamOptions options = UpstreamOptions.forHub(hub.hostName())
                .protocol(protocol)
                .port(port(protocol))
                .proxy(proxy)
                .trust(Trust.systemAnd(hub.trustBundle()))
                .connectTimeout(TIMEOUT)
                .operationTimeout(TIMEOUT)
                .outbox(window, 2L * Sender.WINDOW_BYTES)
                .build();
        return new Target(string.identity(), string.credentials(), options);
    }

    private int port(UpstreamProtocol protocol) {
        return switch (protocol) {
            case MQTT -> hub.mqttPort();
            case AMQP -> hub.amqpPort();
            case MQTT_WS, AMQP_WS -> hub.wsPort();
        };
    }

    @Override
    public void close() throws IOException {
        hub.close();
        directory.close();
    }
}
