// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.sink;

import io.upstream.benchmarks.load.Way;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The sink as a process: prints its ports as one line of JSON, then its counters for each line that it reads, and ends with its standard
 * input, so that it does not outlive who started it.
 */
public final class SinkMain {
    private SinkMain() {}

    /**
     * Runs until standard input ends.
     *
     * @param args the directory of the certificate authority, the host name to certify, and the address for the well-known ports
     */
    public static void main(String[] args) throws IOException {
        InetAddress own = InetAddress.getByName(args[2]);
        if (!own.isLoopbackAddress()) {
            throw new IOException(own + " is no loopback address");
        }
        try (Sink sink = new Sink(EmulatorCa.openOrCreate(Path.of(args[0])), args[1])) {
            Map<String, Integer> ports = new LinkedHashMap<>();
            for (Way way : Way.values()) {
                ports.put(way.id(), sink.port(way));
            }
            Map<String, Integer> wellKnown = new LinkedHashMap<>();
            sink.listenAt(Way.MQTT_TLS, own).ifPresentOrElse(SinkMain::note, () -> wellKnown.put("mqtt-tls", 8_883));
            sink.listenAt(Way.AMQP_TLS, own).ifPresentOrElse(SinkMain::note, () -> wellKnown.put("amqp-tls", 5_671));
            sink.listenAt(Way.MQTT_WS, own).ifPresentOrElse(SinkMain::note, () -> wellKnown.put("ws", 443));
            System.out.println("{\"tls\":\"" + Sink.provider() + "\",\"ports\":" + json(ports) + ",\"wellKnown\":"
                    + json(wellKnown) + "}");
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            while (in.readLine() != null) {
                System.out.println(sink.counters());
            }
        }
    }

    private static void note(String refusal) {
        System.err.println("sink: " + refusal);
    }

    private static String json(Map<String, Integer> numbers) {
        return numbers.entrySet().stream()
                .map(entry -> "\"" + entry.getKey() + "\":" + entry.getValue())
                .collect(Collectors.joining(",", "{", "}"));
    }
}
