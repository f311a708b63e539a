// SPDX-License-Identifier: Apache-2.0
package io.upstream.benchmarks.client;

import io.upstream.Identity;
import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamRuntime;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.proxy.ProxySettings;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;

/**
 * Upstream as a process that connects over and over: {@code new N} makes a transport for each connection, with another user of the proxy, of
 * whom nothing is known yet; {@code same N} takes one transport for all, also of later lines, which remembers. Ends with its standard input.
 */
public final class ConnectMain {
    private static final long DEADLINE_SECONDS = 30;

    /** Nobody else waits to be let in more slowly than it can be done. */
    private final UpstreamRuntime runtime =
            UpstreamRuntime.builder().connectsPerSecond(10_000).build();

    private final String port;
    private final Path trust;
    private final String proxyUrl;
    private Optional<UpstreamTransport> remembering = Optional.empty();
    private int identity;
    private int user;

    private ConnectMain(String port, String trust, String proxyUrl) {
        this.port = port;
        this.trust = Path.of(trust);
        this.proxyUrl = proxyUrl;
    }

    /** Runs until standard input ends. Arguments: port, trust file, the proxy's URL with {@code USER} in it. */
    public static void main(String[] args) throws Exception {
        ConnectMain main = new ConnectMain(args[0], args[1], args[2]);
        System.out.println("{\"ready\":true}");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            System.out.println(main.answer(line.split(" ", -1)));
        }
        System.exit(0);
    }

    private String answer(String[] words) {
        try {
            int count = Integer.parseInt(words[1]);
            return words[0].equals("new") ? onNewTransports(count) : onOneTransport(count);
        } catch (Exception e) {
            return "{\"error\":\"" + e.toString().replaceAll("[\"\\\\\\p{Cntrl}]", "'") + "\"}";
        }
    }

    private UpstreamTransport transport() {
        UpstreamOptions options = UpstreamOptions.forHub("localhost")
                .protocol(UpstreamProtocol.MQTT)
                .port(Integer.parseInt(port))
                .trust(Trust.systemAnd(trust))
                .proxy(ProxySettings.fromUrl(proxyUrl.replace("USER", "bench-" + user++)))
                .build();
        return UpstreamTransport.create(options, runtime);
    }

    private String onNewTransports(int count) throws Exception {
        long[] nanos = new long[count];
        Meter meter = Meter.start();
        for (int i = 0; i < count; i++) {
            UpstreamTransport transport = transport();
            nanos[i] = connect(transport);
            await(transport.close(Duration.ZERO));
        }
        return report(nanos, meter.read());
    }

    private String onOneTransport(int count) throws Exception {
        UpstreamTransport transport = remembering.orElseGet(this::transport);
        remembering = Optional.of(transport);
        long[] nanos = new long[count];
        Meter meter = Meter.start();
        for (int i = 0; i < count; i++) {
            nanos[i] = connect(transport);
        }
        return report(nanos, meter.read());
    }

    /** From the call until the hub has let the identity in; closing it is not counted. */
    private long connect(UpstreamTransport transport) throws Exception {
        long start = System.nanoTime();
        UpstreamSession session = await(transport.open(Identity.device("bench-" + identity++), UpstreamClient.KEY));
        long took = System.nanoTime() - start;
        await(session.close(Duration.ZERO));
        return took;
    }

    private static String report(long[] nanos, Meter.Reading spent) {
        Arrays.sort(nanos);
        return "{\"p50Nanos\":" + nanos[nanos.length / 2] + ",\"p99Nanos\":" + nanos[nanos.length * 99 / 100]
                + ",\"cpuNanos\":" + spent.cpuNanos() / nanos.length + "}";
    }

    private static <T> T await(CompletionStage<T> stage) throws Exception {
        return stage.toCompletableFuture().get(DEADLINE_SECONDS, TimeUnit.SECONDS);
    }
}
