// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.proxy.Misbehaviour;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Eleven things that go wrong between here and a hub, under each protocol: one line that says where, what and what to do. */
class FailureTableTest {
    private static final Duration TIMEOUT = Duration.ofSeconds(4);
    /** For starting and stopping threads on a busy machine. */
    private static final Duration MARGIN = Duration.ofSeconds(4);

    private static final int AT_ONCE = 6;
    private static final String PROXY_PASSWORD = "canary-proxy-password";
    private static final String WRONG_KEY =
            Base64.getEncoder().encodeToString("canary-key-of-nobody".getBytes(StandardCharsets.UTF_8));

    @TempDir
    private static Path directory;

    private static final Map<String, CompletableFuture<Shell.Run>> RUNS = new LinkedHashMap<>();
    private static TestHub hub;
    private static ConnectProxy askingProxy;
    private static ConnectProxy narrowProxy;
    private static ConnectProxy silentProxy;
    private static ServerSocket silentHub;
    private static ServerSocket closedPort;
    private static AlienServer alien;
    private static Path otherBundle;
    private static Path alienBundle;

    /** What goes wrong, and what is to be read about it. {@code HUB} and {@code PROXY} stand for the hops' names. */
    private enum Failure {
        WRONG_KEY("UNAUTHORIZED", "mqtt|amqp|cbs|login", "hub", "key"),
        UNKNOWN_DEVICE("UNAUTHORIZED|NOT_FOUND", "mqtt|amqp|cbs|login", "hub", "device|regist"),
        WRONG_PORT(
                "PROTOCOL|CLOSED_BY_PEER|RESET|TLS_OTHER|WS_REJECTED",
                "tls|websocket|mqtt|amqp|cbs|login",
                "hub",
                "port|protocol"),
        CLOSED_PORT("REFUSED", "tcp", "hub", "check host and port"),
        UNTRUSTED_CA("TLS_TRUST", "tls", "hub", "trust bundle"),
        OTHER_HOST("TLS_NAME", "tls", "hub", "for another host.*connect by a name"),
        PROXY_PASSWORD_WRONG("PROXY_AUTH", "tunnel", "proxy", "credentials|password"),
        PROXY_REFUSES_PORT("PROXY_DENIED", "tunnel", "proxy", "403.*: .*(allow|ask|use)"),
        PROXY_SILENT("TIMEOUT", "tunnel", "proxy", "no answer.*check|did not answer.*check"),
        HUB_SILENT("TIMEOUT", "tls", "hub", "no answer.*check|did not answer.*check"),
        NO_SUCH_NAME("DNS", "resolve", "hub", "does not resolve.*check");

        private final String kinds;
        private final String stages;
        private final String hop;
        private final String words;

        Failure(String kinds, String stages, String hop, String words) {
            this.kinds = kinds;
            this.stages = stages;
            this.hop = hop;
            this.words = words;
        }
    }

    static Stream<Arguments> cases() {
        return Arrays.stream(Failure.values())
                .flatMap(failure ->
                        Arrays.stream(UpstreamProtocol.values()).map(protocol -> Arguments.of(failure, protocol)));
    }

    /** All together, a few at a time: most of them only wait. */
    @BeforeAll
    static void runAll() throws Exception {
        hub = TestHub.start();
        askingProxy = ConnectProxy.builder().credentials("user", "another").start();
        narrowProxy = ConnectProxy.builder().allowPorts(1).start();
        silentProxy = ConnectProxy.builder().start();
        silentProxy.misbehave(new Misbehaviour.Silence());
        silentHub = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        closedPort = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        closedPort.close();
        otherBundle = EmulatorCa.create().writeTrustBundle(directory.resolve("other-ca.pem"));
        EmulatorCa alienCa = EmulatorCa.create();
        alienBundle = alienCa.writeTrustBundle(directory.resolve("alien-ca.pem"));
        alien = new AlienServer(alienCa.issue("elsewhere.example").sslContext());
        ExecutorService pool = Executors.newFixedThreadPool(AT_ONCE);
        cases().forEach(row -> {
            Failure failure = (Failure) row.get()[0];
            UpstreamProtocol protocol = (UpstreamProtocol) row.get()[1];
            String[] args = args(failure, protocol);
            RUNS.put(
                    failure + "-" + protocol,
                    CompletableFuture.supplyAsync(() -> Shell.run(new byte[] {'x', '\n'}, args), pool));
        });
        pool.shutdown();
    }

    @AfterAll
    static void stop() throws IOException {
        for (AutoCloseable each :
                List.<AutoCloseable>of(hub, askingProxy, narrowProxy, silentProxy, silentHub, alien)) {
            try {
                each.close();
            } catch (Exception e) {
                throw new IOException(e);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void endsInTimeWithOneLineThatNamesHopCauseAndRemedy(Failure failure, UpstreamProtocol protocol) {
        Shell.Run run = RUNS.get(failure + "-" + protocol).join();
        assertEquals(Cli.FAILED, run.code(), run.toString());
        assertTrue(run.took().compareTo(TIMEOUT.plus(MARGIN)) < 0, run.toString());
        assertEquals(1, run.errLines().size(), run.err());
        String line = run.errLines().get(0);
        assertTrue(line.startsWith("upstream send: "), line);
        assertTrue(line.matches(".*(" + failure.words + ").*"), line);
        assertEquals(1, run.events().size(), run.out());
        JsonNode error = run.last();
        assertEquals("error", error.get("event").asText());
        assertTrue(error.get("kind").asText().matches(failure.kinds), run.out());
        assertTrue(error.get("stage").asText().matches(failure.stages), run.out());
        assertTrue(error.get("hop").asText().startsWith(failure.hop + " "), run.out());
        assertTrue(line.contains(error.get("hop").asText()), run.toString());
        assertEquals("upstream send: " + error.get("message").asText(), line);
        assertFalse(run.toString().contains("canary"), run.toString());
        assertFalse(run.toString().contains(WRONG_KEY), run.toString());
    }

    private static String[] args(Failure failure, UpstreamProtocol protocol) {
        String device = hub.newDevice();
        String[] common = {"--json", "--timeout", TIMEOUT.toSeconds() + "s"};
        return switch (failure) {
            case WRONG_KEY ->
                replaced(hub.args("send", device, protocol, common), "--connection-string", string(device));
            case UNKNOWN_DEVICE ->
                replaced(hub.args("send", device, protocol, common), "--connection-string", string("nobody"));
            case WRONG_PORT -> port(device, protocol, common, hub.port(another(protocol)));
            case CLOSED_PORT -> port(device, protocol, common, closedPort.getLocalPort());
            case UNTRUSTED_CA ->
                replaced(hub.args("send", device, protocol, common), "--trust-bundle", otherBundle.toString());
            case OTHER_HOST ->
                replaced(port(device, protocol, common, alien.port()), "--trust-bundle", alienBundle.toString());
            case PROXY_PASSWORD_WRONG ->
                proxied(device, protocol, common, askingProxy.url().replace("://", "://user:" + PROXY_PASSWORD + "@"));
            case PROXY_REFUSES_PORT -> proxied(device, protocol, common, narrowProxy.url());
            case PROXY_SILENT -> proxied(device, protocol, common, silentProxy.url());
            case HUB_SILENT -> port(device, protocol, common, silentHub.getLocalPort());
            case NO_SUCH_NAME ->
                replaced(
                        hub.args("send", device, protocol, common),
                        "--connection-string",
                        hub.hub().connectionString(device).replace("HostName=localhost", "HostName=hub.invalid"));
        };
    }

    private static UpstreamProtocol another(UpstreamProtocol protocol) {
        return protocol == UpstreamProtocol.AMQP || protocol == UpstreamProtocol.MQTT_WS
                ? UpstreamProtocol.MQTT
                : UpstreamProtocol.AMQP;
    }

    private static String string(String device) {
        return "HostName=localhost;DeviceId=" + device + ";SharedAccessKey=" + WRONG_KEY;
    }

    private static String[] port(String device, UpstreamProtocol protocol, String[] common, int port) {
        return replaced(hub.args("send", device, protocol, common), "--port", String.valueOf(port));
    }

    private static String[] proxied(String device, UpstreamProtocol protocol, String[] common, String url) {
        String[] more = Arrays.copyOf(common, common.length + 2);
        more[common.length] = "--proxy";
        more[common.length + 1] = url;
        return hub.args("send", device, protocol, more);
    }

    private static String[] replaced(String[] args, String option, String value) {
        String[] changed = args.clone();
        changed[Arrays.asList(args).indexOf(option) + 1] = value;
        return changed;
    }
}
