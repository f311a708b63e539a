// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ConnectionString;
import io.upstream.Identity;
import io.upstream.SasKey;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.testing.Canaries;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Keys, tokens and passwords are in no output, no stack trace and no log, whatever the level, in no spelling: not when all goes well
 * and not in any row of the table of failures.
 */
class SecretsTest {
    private static final int AT_ONCE = 4;
    private static final int PIECE = 12;

    @TempDir
    private Path directory;

    private final Set<String> forbidden = new LinkedHashSet<>();
    private final Queue<Shell.Run> runs = new ConcurrentLinkedQueue<>();

    /** P37: the command. */
    @Test
    void areNowhereToBeRead() throws Exception {
        Instant start = Instant.now();
        try (LogCapture log = new LogCapture();
                TestHub hub = TestHub.start();
                ConnectProxy proxy = ConnectProxy.builder()
                        .credentials("user", Canaries.PROXY_PASSWORD)
                        .start();
                FailureLab lab = new FailureLab(hub, directory)) {
            run(lines(hub, proxy, lab));
            forbidSecrets(hub, start, Instant.now());

            assertTrue(log.lines().stream().anyMatch(line -> line.startsWith("DEBUG io.netty")), "nothing is captured");
            assertEquals(List.of(), found(log.lines()), "in the log");
            assertEquals(List.of(), found(runs.stream().map(Shell.Run::toString).toList()), "in the output");
            assertTrue(
                    runs.stream().anyMatch(run -> run.err().contains("\tat io.upstream.")), "no stack trace is seen");
            assertEquals(
                    4L * UpstreamProtocol.values().length,
                    runs.stream().filter(run -> run.code() == Cli.DONE).count());
        }
    }

    @Test
    void wouldBeFoundInAnySpelling() {
        forbid(Canaries.USER_PASSWORD);
        for (String text : List.of(
                "x" + Canaries.USER_PASSWORD,
                Canaries.base64(Canaries.USER_PASSWORD),
                Canaries.base64("user:" + Canaries.USER_PASSWORD),
                Canaries.base64("\0user\0" + Canaries.USER_PASSWORD),
                URLEncoder.encode(Canaries.USER_PASSWORD, StandardCharsets.UTF_8),
                HexFormat.of().formatHex(Canaries.USER_PASSWORD.getBytes(StandardCharsets.UTF_8)))) {
            assertEquals(1, found(List.of("around " + text + " it")).size(), text);
        }
        assertEquals(0, found(List.of("nothing")).size());
    }

    private List<String[]> lines(TestHub hub, ConnectProxy proxy, FailureLab lab) throws Exception {
        List<String[]> lines = new ArrayList<>();
        Failure.underEachProtocol()
                .forEach(row -> lines.add(lab.args(
                        (Failure) row.get()[0], (UpstreamProtocol) row.get()[1], "--timeout", "2s", "-v", "-v")));
        Path password = Files.writeString(directory.resolve("password"), Canaries.USER_PASSWORD);
        String url = proxy.url().replace("://", "://user:" + Canaries.encoded(Canaries.PROXY_PASSWORD) + "@");
        for (UpstreamProtocol protocol : UpstreamProtocol.values()) {
            String[] route = {"--proxy", url, "--count", "2", "-v", "-v"};
            // each with a device of its own: two at once would throw each other out
            lines.add(hub.args("send", hub.newDevice(), protocol, route));
            lines.add(hub.args("send", withCanaryKey(hub), protocol, route));
            lines.add(with(hub.args("send", withCanaryKey(hub), protocol, route), "--json"));
            String device = hub.newDevice();
            lines.add(string(hub.args("send", device, protocol, route), goodToken(hub, device)));
            String another = hub.newDevice();
            String bad = "SharedAccessSignature sr=localhost%2Fdevices%2F" + another + "&sig="
                    + Canaries.encoded(Canaries.SIGNATURE) + "&se=4000000000";
            lines.add(string(hub.args("send", another, protocol, route), token(another, bad)));
            lines.add(broker(hub.args("send", hub.newDevice(), protocol, route), password));
        }
        return lines;
    }

    private static String withCanaryKey(TestHub hub) {
        String device = "canary-" + hub.newDevice();
        hub.hub().addDevice(device, Canaries.DEVICE_KEY);
        return device;
    }

    private static String goodToken(TestHub hub, String device) {
        SasKey key = (SasKey)
                ConnectionString.parse(hub.hub().connectionString(device)).credentials();
        return token(
                device,
                key.sign("localhost", Identity.device(device), Instant.now()).text());
    }

    private static String token(String device, String token) {
        return "HostName=localhost;DeviceId=" + device + ";SharedAccessSignature=" + token;
    }

    private static String[] string(String[] args, String connectionString) {
        args[2] = connectionString;
        return args;
    }

    /** In place of the connection string. */
    private static String[] broker(String[] args, Path password) {
        args[1] = "--password-file";
        args[2] = password.toString();
        return with(args, "--sasl", "plain", "--username", "user", "--hub", "localhost", "--device", "d", "--json");
    }

    private static String[] with(String[] args, String... more) {
        List<String> all = new ArrayList<>(List.of(args));
        all.addAll(List.of(more));
        return all.toArray(String[]::new);
    }

    private void run(List<String[]> lines) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
        List<Future<?>> all = new ArrayList<>();
        for (String[] line : lines) {
            all.add(pool.submit(() -> runs.add(Shell.run(new byte[] {'x', '\n'}, line))));
        }
        pool.shutdown();
        for (Future<?> each : all) {
            each.get(50, TimeUnit.SECONDS);
        }
    }

    /** Also the signatures of all tokens that can have been made meanwhile: a token lives for an hour. */
    private void forbidSecrets(TestHub hub, Instant from, Instant to) {
        for (String secret : List.of(
                Canaries.DEVICE_KEY_TEXT,
                Canaries.DEVICE_KEY,
                Canaries.SIGNATURE,
                Canaries.USER_PASSWORD,
                Canaries.PROXY_PASSWORD,
                Canaries.WRONG_KEY_TEXT,
                Canaries.WRONG_PROXY_PASSWORD)) {
            forbid(secret);
        }
        for (int n = 1; n <= hub.devices(); n++) {
            String device = "device-" + n;
            String string = hub.hub().connectionString(device);
            forbid(string.substring(string.indexOf("SharedAccessKey=") + "SharedAccessKey=".length()));
            SasKey key = (SasKey) ConnectionString.parse(string).credentials();
            SasKey canary = SasKey.of(Canaries.DEVICE_KEY);
            for (Instant at = from; !at.isAfter(to.plusSeconds(1)); at = at.plusSeconds(1)) {
                forbidSignature(key, device, at);
                forbidSignature(canary, "canary-" + device, at);
            }
        }
    }

    private void forbidSignature(SasKey key, String device, Instant at) {
        String token = key.sign("localhost", Identity.device(device), at).text();
        String signature = token.replaceFirst(".*&sig=([^&]*)&.*", "$1");
        forbidden.add(signature);
        forbidden.add(java.net.URLDecoder.decode(signature, StandardCharsets.UTF_8));
    }

    private void forbid(String secret) {
        forbidden.addAll(Canaries.spellings(secret));
    }

    /** The texts that hold any of it, and what. */
    private List<String> found(List<String> texts) {
        List<String> hits = new ArrayList<>();
        for (String text : texts) {
            forbidden.stream()
                    .filter(secret ->
                            text.contains(secret.length() > 2 * PIECE ? secret.substring(0, 2 * PIECE) : secret))
                    .findFirst()
                    .ifPresent(secret -> hits.add(secret + " in " + text));
        }
        return hits;
    }
}
