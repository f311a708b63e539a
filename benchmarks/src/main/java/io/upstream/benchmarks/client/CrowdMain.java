// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import com.sun.management.OperatingSystemMXBean;
import io.upstream.benchmarks.load.Payload;
import io.upstream.benchmarks.load.Way;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

/**
 * A process with many identities: opens them, lets each send once, answers with what that took and holds them until standard input ends. A
 * failure of some of them is part of the answer.
 */
public final class CrowdMain {
    private static final int WINDOW = 256;
    private static final int COLLECTIONS = 4;
    private static final double NANOS = 1e9;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private CrowdMain() {}

    /** Runs until standard input ends. Arguments: client, way, host, port, trust file. Each line: how many, and seconds for each step. */
    public static void main(String[] args) throws Exception {
        Endpoint endpoint =
                new Endpoint(Way.of(args[1]), args[2], Integer.parseInt(args[3]), Path.of(args[4]), 0, WINDOW);
        System.out.println("{\"ready\":true}");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            System.out.println(answer(
                    args[0], endpoint, Integer.parseInt(words[0]), Duration.ofSeconds(Long.parseLong(words[1]))));
        }
        // A peer's threads may outlive its connections.
        System.exit(0);
    }

    private static String answer(String name, Endpoint endpoint, int identities, Duration limit) {
        try {
            return measure(name, endpoint, identities, limit);
        } catch (Exception | LinkageError e) {
            return "{\"error\":\"" + plain(e.toString()) + "\"}";
        }
    }

    private static Crowd create(String name, Endpoint endpoint) {
        return switch (name) {
            case "upstream" -> new UpstreamCrowd(endpoint);
            case "azure" -> endpoint.way().isAmqp() ? new AzureMultiplexed(endpoint) : new AzureSingles(endpoint);
            default -> throw new IllegalArgumentException("there is no crowd of '" + name + "'");
        };
    }

    private static String measure(String name, Endpoint endpoint, int identities, Duration limit) throws Exception {
        int idle = THREADS.getThreadCount();
        byte[] payload = Payload.create(0);
        long heap = heap();
        long cpu = cpu();
        long start = System.nanoTime();
        Crowd crowd = create(name, endpoint);
        Tally.Outcome open = crowd.open(identities, limit);
        long opened = System.nanoTime();
        Tally.Outcome sent = crowd.send(payload, limit);
        long acknowledged = System.nanoTime();
        double cpuSeconds = (cpu() - cpu) / NANOS;
        int threads = THREADS.getPeakThreadCount() - idle - crowd.harnessThreads();
        long held = heap() - heap;
        String trouble = open.trouble().isEmpty() ? sent.trouble() : open.trouble();
        return String.format(
                Locale.ROOT,
                "{\"open\":%d,\"acknowledged\":%d,\"openSeconds\":%.3f,\"sendSeconds\":%.3f,\"heapBytes\":%d,"
                        + "\"threads\":%d,\"cpuSeconds\":%.3f,\"trouble\":\"%s\"}",
                open.succeeded(),
                sent.succeeded(),
                (opened - start) / NANOS,
                (acknowledged - opened) / NANOS,
                held,
                threads,
                cpuSeconds,
                plain(trouble));
    }

    static String plain(String text) {
        return text.replaceAll("[\"\\\\\\p{Cntrl}]", "'");
    }

    private static long cpu() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static long heap() {
        for (int i = 0; i < COLLECTIONS; i++) {
            System.gc();
        }
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }
}
