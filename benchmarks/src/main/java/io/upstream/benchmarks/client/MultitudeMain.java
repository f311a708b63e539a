// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import com.sun.management.OperatingSystemMXBean;
import io.upstream.UpstreamRuntime;
import io.upstream.benchmarks.load.Payload;
import io.upstream.benchmarks.load.Way;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * A process with very many identities of Upstream, which does as it is told: {@code open}, {@code idle}, {@code send}. Each line is a word and a
 * number of seconds, each answer what the process then holds or has spent. Ends with its standard input.
 */
public final class MultitudeMain {
    private static final int WINDOW = 256;
    private static final int COLLECTIONS = 4;
    private static final double NANOS = 1e9;
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final int KIB = 1_024;
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final int identities;
    private final long heapBefore;
    private final long residentBefore;
    private final int threadsBefore;
    private final UpstreamCrowd crowd;

    private MultitudeMain(Endpoint endpoint, int identities, int connectsPerSecond, Duration limit) {
        this.identities = identities;
        threadsBefore = THREADS.getThreadCount();
        heapBefore = heap();
        residentBefore = resident();
        crowd = new UpstreamCrowd(endpoint, connectsPerSecond, limit);
    }

    /** Arguments: way, host, port, trust file, identities, connects per second, at most how many seconds for all. 0 per second is the default. */
    public static void main(String[] args) throws Exception {
        Endpoint endpoint =
                new Endpoint(Way.of(args[0]), args[1], Integer.parseInt(args[2]), Path.of(args[3]), 0, WINDOW);
        int perSecond = Integer.parseInt(args[5]);
        try (UpstreamRuntime usual = UpstreamRuntime.create()) {
            perSecond = perSecond == 0 ? usual.connectsPerSecond() : perSecond;
        }
        Duration limit = Duration.ofSeconds(Long.parseLong(args[6]));
        MultitudeMain process = new MultitudeMain(endpoint, Integer.parseInt(args[4]), perSecond, limit);
        System.out.println("{\"connectsPerSecond\":" + perSecond + "}");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            String[] words = line.split(" ", -1);
            System.out.println(process.answer(words[0], Duration.ofSeconds(Long.parseLong(words[1]))));
        }
        process.crowd.close();
    }

    private String answer(String word, Duration time) {
        try {
            return switch (word) {
                case "open" -> open(time);
                case "idle" -> idle(time);
                case "send" -> send(time);
                default -> throw new IllegalArgumentException("no such word: " + word);
            };
        } catch (Exception | LinkageError e) {
            return "{\"error\":\"" + CrowdMain.plain(e.toString()) + "\"}";
        }
    }

    private String open(Duration limit) throws Exception {
        long cpu = cpu();
        long start = System.nanoTime();
        Tally.Outcome open = crowd.open(identities, limit);
        double seconds = (System.nanoTime() - start) / NANOS;
        double cpuSeconds = (cpu() - cpu) / NANOS;
        long held = heap();
        return String.format(
                Locale.ROOT,
                "{\"open\":%d,\"seconds\":%.3f,\"cpuSeconds\":%.3f,\"heapBytes\":%d,\"heapMore\":%d,\"residentBytes\":%d,"
                        + "\"residentMore\":%d,\"peakThreads\":%d,\"trouble\":\"%s\"}",
                open.succeeded(),
                seconds,
                cpuSeconds,
                held,
                held - heapBefore,
                resident(),
                resident() - residentBefore,
                THREADS.getPeakThreadCount() - threadsBefore,
                CrowdMain.plain(open.trouble()));
    }

    private static String idle(Duration time) throws InterruptedException {
        long cpu = cpu();
        long start = System.nanoTime();
        TimeUnit.NANOSECONDS.sleep(time.toNanos());
        double percent = 100.0 * (cpu() - cpu) / (System.nanoTime() - start);
        return String.format(Locale.ROOT, "{\"cpuPercent\":%.3f,\"threads\":%d}", percent, THREADS.getThreadCount());
    }

    private String send(Duration limit) throws InterruptedException {
        long start = System.nanoTime();
        Tally.Outcome sent = crowd.send(Payload.create(0), limit);
        return String.format(
                Locale.ROOT,
                "{\"acknowledged\":%d,\"seconds\":%.3f,\"residentBytes\":%d,\"trouble\":\"%s\"}",
                sent.succeeded(),
                (System.nanoTime() - start) / NANOS,
                resident(),
                CrowdMain.plain(sent.trouble()));
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

    /** The resident set of this process, heap and all; 0 where the system does not tell. */
    private static long resident() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * KIB)
                    .sum();
        } catch (IOException e) {
            return 0;
        }
    }
}
