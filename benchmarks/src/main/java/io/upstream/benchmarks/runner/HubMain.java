// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.runner;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.upstream.benchmarks.load.Way;
import io.upstream.emulator.EmulatorBuilder;
import io.upstream.emulator.IotHubEmulator;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.stream.IntStream;

/**
 * The emulator as a process: prints its ports as one line of JSON, then for each line that it reads how many devices have sent exactly one
 * message, and ends with its standard input. It takes the well-known ports where it may, else any.
 */
final class HubMain {
    private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);

    private HubMain() {}

    /** Arguments: directory, host name, address, how many devices. */
    public static void main(String[] args) throws IOException {
        int devices = Integer.parseInt(args[3]);
        try (IotHubEmulator hub = start(args)) {
            for (int i = 0; i < devices; i++) {
                hub.addDevice("bench-" + i, KEY);
            }
            ObjectNode greeting = JsonNodeFactory.instance.objectNode();
            greeting.put("trust", hub.trustBundle().toString());
            ObjectNode ports = greeting.putObject("ports");
            ports.put(Way.MQTT_TLS.id(), hub.mqttPort());
            ports.put(Way.AMQP_TLS.id(), hub.amqpPort());
            ports.put(Way.MQTT_WS.id(), hub.wsPort());
            ports.put(Way.AMQP_WS.id(), hub.wsPort());
            System.out.println(greeting);
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            while (in.readLine() != null) {
                long arrived = IntStream.range(0, devices)
                        .filter(i -> hub.telemetry("bench-" + i).size() == 1)
                        .count();
                System.out.println("{\"arrived\":" + arrived + "}");
            }
        }
    }

    private static IotHubEmulator start(String[] args) throws IOException {
        try {
            return builder(args)
                    .mqttPort(Way.MQTT_TLS.wellKnownPort())
                    .amqpPort(Way.AMQP_TLS.wellKnownPort())
                    .wsPort(Way.AMQP_WS.wellKnownPort())
                    .start();
        } catch (IOException e) {
            System.err.println("hub: " + e.getMessage());
            return builder(args).start();
        }
    }

    private static EmulatorBuilder builder(String[] args) {
        return IotHubEmulator.builder()
                .directory(Path.of(args[0]))
                .hostName(args[1])
                .host(args[2]);
    }
}
