// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.benchmarks.load.Way;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * A client as a process: answers each line of standard input with one of standard output, and ends with its standard input. {@code round W
 * MILLIS} connects, sends and disconnects; {@code idle N} holds connections; what fails answers {@code {"error":…}}.
 */
public final class ClientMain {
    private final PeerClient client;
    private int identity;

    private ClientMain(PeerClient client) {
        this.client = client;
    }

    /** Runs until standard input ends. Arguments: client, way, host, port, trust file, proxy port or 0, largest window. */
    public static void main(String[] args) throws Exception {
        Endpoint endpoint = new Endpoint(
                Way.of(args[1]),
                args[2],
                Integer.parseInt(args[3]),
                Path.of(args[4]),
                Integer.parseInt(args[5]),
                Integer.parseInt(args[6]));
        PeerClient client = Clients.create(args[0], endpoint);
        ClientMain main = new ClientMain(client);
        System.out.println("{\"ready\":true,\"tls\":\"" + client.tls() + "\"}");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(main.answer(line.split(" ", -1)));
        }
        // A peer's threads may outlive its connections.
        System.exit(0);
    }

    private String answer(String[] words) {
        try {
            return switch (words[0]) {
                case "round" -> round(Integer.parseInt(words[1]), Long.parseLong(words[2]));
                case "idle" -> Idle.measure(client, Integer.parseInt(words[1]));
                default -> throw new IllegalArgumentException("unknown: " + words[0]);
            };
        } catch (Exception | LinkageError e) {
            return "{\"error\":\"" + e.toString().replaceAll("[\"\\\\\\p{Cntrl}]", "'") + "\"}";
        }
    }

    private String round(int window, long millis) throws Exception {
        Acks acks = new Acks();
        PeerConnection connection = client.open(identity++, acks);
        try {
            return new Load(connection, acks)
                    .run(window, TimeUnit.MILLISECONDS.toNanos(millis))
                    .toJson();
        } finally {
            connection.close();
        }
    }
}
