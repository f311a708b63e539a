// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.ConnectionString;
import io.upstream.HostPort;
import io.upstream.Identity;
import io.upstream.Phase;
import io.upstream.Provisioning;
import io.upstream.ProxyServer;
import io.upstream.Route;
import io.upstream.SasKey;
import io.upstream.Telemetry;
import io.upstream.Trust;
import io.upstream.UpstreamOptions;
import io.upstream.UpstreamProtocol;
import io.upstream.UpstreamSession;
import io.upstream.UpstreamTransport;
import io.upstream.UserPassword;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.Authentication.CertificateAuthority;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.proxy.ProxySettings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every block of code in the README is the one that is compiled or run here, or run by .ci/readme. */
class ReadmeTest {
    /** Compiled and run as it stands by {@link ReadmeProgramTest}. */
    static final String PROGRAM = "program";

    private static final Path README = Path.of("..", "README.md");
    private static final Path EXAMPLES = Path.of("src/test/java/io/upstream/cli/ReadmeExamples.java");
    private static final Pattern BLOCK =
            Pattern.compile("(?:<!-- example: ([\\w -]+) -->\\n)?```(\\w+)\\n(.*?)```", Pattern.DOTALL);

    private static TestHub hub;

    @BeforeAll
    static void start() throws IOException {
        hub = TestHub.start();
    }

    @AfterAll
    static void stop() {
        hub.close();
    }

    /** The blocks of a language, by the names of their examples. */
    static Map<String, String> blocks(String language) throws IOException {
        Map<String, String> found = new HashMap<>();
        Matcher matcher = BLOCK.matcher(Files.readString(README));
        while (matcher.find()) {
            if (matcher.group(2).equals(language)) {
                found.put(matcher.group(1) == null ? matcher.group(3).strip() : matcher.group(1), matcher.group(3));
            }
        }
        return found;
    }

    private static String example(String name) throws IOException {
        List<String> lines = Files.readAllLines(EXAMPLES);
        int begin = lines.indexOf("        // example: " + name) + 1;
        assertTrue(begin > 0, "no example " + name);
        StringBuilder text = new StringBuilder();
        for (String line : lines.subList(begin, lines.size())) {
            if (line.equals("        // end")) {
                return text.toString();
            }
            text.append(line.isEmpty() ? line : line.substring(8)).append('\n');
        }
        throw new AssertionError("example " + name + " does not end");
    }

    private UpstreamOptions reachable(UpstreamProtocol protocol) {
        return UpstreamOptions.forHub("localhost")
                .protocol(protocol)
                .port(hub.port(protocol))
                .trust(Trust.systemAnd(hub.hub().trustBundle()))
                .build();
    }

    @Test
    void itsJavaIsWhatIsCompiledHere() throws IOException {
        Map<String, String> blocks = blocks("java");
        assertFalse(blocks.remove(PROGRAM).isEmpty());
        assertFalse(blocks.isEmpty());
        for (Map.Entry<String, String> block : blocks.entrySet()) {
            StringBuilder expected = new StringBuilder();
            for (String name : block.getKey().split(" ", -1)) {
                expected.append(example(name));
            }
            assertEquals(expected.toString(), block.getValue(), "README.md, example " + block.getKey());
        }
    }

    @Test
    void sendsAsItSays() throws Exception {
        String device = hub.newDevice();
        ReadmeExamples.send(
                ConnectionString.parse(hub.hub().connectionString(device)), reachable(UpstreamProtocol.MQTT));

        assertEquals("{\"t\":21.5}", new String(hub.bodies(device, 1).get(0), StandardCharsets.UTF_8));
        assertEquals(
                Map.of("alert", "false"),
                hub.hub().telemetry(device).get(0).message().properties());
    }

    @Test
    void receivesAndReportsFailuresAsItSays() throws Exception {
        String device = hub.newDevice();
        ConnectionString string = ConnectionString.parse(hub.hub().connectionString(device));
        try (UpstreamTransport transport = UpstreamTransport.create(reachable(UpstreamProtocol.AMQP))) {
            UpstreamSession session = transport
                    .open(string.identity(), string.credentials())
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
            ReadmeExamples.receive(session);
            var sent = hub.hub()
                    .sendToDevice(device, new HubMessage(Map.of(), Map.of(), "hello".getBytes(StandardCharsets.UTF_8)));
            assertEquals("COMPLETED", sent.awaitOutcome(Duration.ofSeconds(20)).name());

            ReadmeExamples.failure(session);
            hub.bodies(device, 1);
            assertEquals(Phase.CONNECTED, session.status().phase());
        }
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void answersMethodsAndReportsAsItSays(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        ConnectionString string = ConnectionString.parse(hub.hub().connectionString(device));
        try (UpstreamTransport transport = UpstreamTransport.create(reachable(protocol))) {
            UpstreamSession session = transport
                    .open(string.identity(), string.credentials())
                    .toCompletableFuture()
                    .get(20, TimeUnit.SECONDS);
            long version = ReadmeExamples.twin(session).get(20, TimeUnit.SECONDS);

            assertTrue(version > 1, "version " + version);
            assertEquals(
                    1, hub.hub().twin(device).at("/properties/reported/seen").asLong());
            assertEquals(
                    200,
                    hub.hub()
                            .invokeMethod(device, "echo", "{}", Duration.ofSeconds(20))
                            .status());
        }
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void opensWithTokensAndCertificatesAsItSays(UpstreamProtocol protocol, @TempDir Path directory) throws Exception {
        Identity signed = Identity.device(hub.newDevice());
        SasKey key = (SasKey) ConnectionString.parse(hub.hub().connectionString(signed.deviceId()))
                .credentials();
        Identity shown = Identity.device("readme-" + protocol.wireName());
        hub.hub().addDevice(shown.deviceId(), new CertificateAuthority());
        var files = hub.hub().issueDeviceCertificate(shown.deviceId());
        Files.copy(files.certificate(), directory.resolve("cert.pem"));
        Files.copy(files.key(), directory.resolve("key.pem"));
        try (UpstreamTransport transport = UpstreamTransport.create(reachable(protocol))) {
            for (CompletionStage<UpstreamSession> opening : List.of(
                    ReadmeExamples.token(
                            transport,
                            signed,
                            resource -> CompletableFuture.completedFuture(
                                    key.sign("localhost", signed, Instant.now()).text())),
                    ReadmeExamples.certificate(transport, shown, directory))) {
                UpstreamSession session = opening.toCompletableFuture().get(20, TimeUnit.SECONDS);
                session.send(Telemetry.json("{}")).toCompletableFuture().get(20, TimeUnit.SECONDS);
            }
        }
    }

    @Test
    void itsProxyOptionsAreUsable() throws Exception {
        UpstreamOptions options = ReadmeExamples.proxy();
        HostPort target = options.target(UpstreamProtocol.MQTT_WS);
        assertEquals(
                List.of(ProxyServer.http(new HostPort("proxy.example", 3128), new UserPassword("user", "p@ss"))),
                options.proxy().routesTo(target));
    }

    @Test
    void itsSeveralProxiesAreUsable() throws Exception {
        ProxySettings settings = ReadmeExamples.proxies();
        assertEquals(
                "[https://proxy-a.example:8443, https://proxy-b.example:8443]",
                settings.routesTo(new HostPort("my-hub.azure-devices.net", 443)).toString());
        assertEquals(List.of(Route.DIRECT), settings.routesTo(new HostPort("edge.plant.example", 443)));
    }

    /** The shell's part is played here, and the proxy's address is the one on this machine. The hub's name resolves at the proxy only. */
    @Test
    void goesThroughTheProxyOfTheEnvironmentAsItSays(@TempDir Path directory) throws Exception {
        List<String> words = new ArrayList<>(
                Arrays.asList(blocks("sh").get("proxy-shell").strip().split(" ", -1)));
        try (IotHubEmulator site = IotHubEmulator.builder()
                        .directory(directory)
                        .hostName("hub.example")
                        .device("dev")
                        .start();
                ConnectProxy proxy = ConnectProxy.builder()
                        .credentials("user", "pwd")
                        .route(
                                "hub.example:443",
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), site.wsPort()))
                        .start()) {
            Map<String, String> env = new HashMap<>();
            env.put("UPSTREAM_CONNECTION_STRING", site.connectionString("dev"));
            while (words.get(0).contains("=")) {
                String[] pair = words.remove(0).split("=", 2);
                env.put(
                        pair[0],
                        pair[1].replace(
                                "proxy.example:3128",
                                "127.0.0.1:" + proxy.address().getPort()));
            }
            assertEquals("./upstream", words.remove(0));
            words.addAll(List.of("--trust-bundle", site.trustBundle().toString()));

            Shell.Run run = Shell.run(env, words.toArray(String[]::new));

            assertEquals(0, run.code(), run.err());
            assertEquals(10, site.telemetry("dev").size());
            assertEquals("hub.example:443", proxy.accessLog().get(0).target());
        }
    }

    /** A hub whose provisioning service is called as in the README, and knows the device there. */
    private static IotHubEmulator site(Path directory, String key) throws IOException {
        IotHubEmulator site = IotHubEmulator.builder()
                .directory(directory)
                .idScope("0ne000A1B2C")
                .start();
        site.provisioning().enrol("sensor-7", key);
        site.provisioning().polls(0);
        return site;
    }

    @Test
    void registersAndConnectsAsItSays(@TempDir Path directory) throws Exception {
        String key = "c2Vuc29yLTctc2VjcmV0LWtleQ==";
        assertEquals(
                new HostPort(Provisioning.GLOBAL_HOST, 443),
                ReadmeExamples.service().target(UpstreamProtocol.MQTT_WS));
        try (IotHubEmulator site = site(directory, key)) {
            UpstreamOptions service = UpstreamOptions.forHub("localhost")
                    .protocol(UpstreamProtocol.MQTT_WS)
                    .port(site.wsPort())
                    .trust(Trust.systemAnd(site.trustBundle()))
                    .build();

            ReadmeExamples.register(service, SasKey.of(key));

            assertEquals(
                    1,
                    site.awaitTelemetry("sensor-7", 1, Duration.ofSeconds(20)).size());
        }
    }

    /** The service and the hub are the ones on this machine, and so is the file with the key. */
    @Test
    void provisionsFromTheCommandLineAsItSays(@TempDir Path directory) throws Exception {
        String key = "c2Vuc29yLTctc2VjcmV0LWtleQ==";
        Files.writeString(directory.resolve("sensor-7.key"), key + "\n");
        try (IotHubEmulator site = site(directory, key)) {
            for (String line : blocks("sh").get("provision-shell").strip().split("\n", -1)) {
                List<String> words = new ArrayList<>(Arrays.asList(line.split(" ", -1)));
                assertEquals("./upstream", words.remove(0));
                words.replaceAll(word ->
                        word.startsWith("sensor-7.") ? directory.resolve(word).toString() : word);
                if (words.get(0).equals("provision")) {
                    words.addAll(List.of("--host", "localhost"));
                }
                words.addAll(List.of("--protocol", "MqttWs", "--port", String.valueOf(site.wsPort())));
                words.addAll(List.of("--trust-bundle", site.trustBundle().toString()));

                Shell.Run run = Shell.run(words.toArray(String[]::new));

                assertEquals(0, run.code(), run.err());
                assertFalse(run.toString().contains(key), run.toString());
            }
            assertEquals(10, site.telemetry("sensor-7").size());
        }
    }

    @Test
    void everyShellBlockIsRunBySomething() throws IOException {
        assertEquals(
                Set.of("./upstream demo", "./mvnw verify", "provision-shell", "proxy-shell", "shell"),
                blocks("sh").keySet());
        String gate = Files.readString(Path.of("..", ".ci", "run"));
        assertTrue(gate.contains("./upstream demo")
                && gate.contains("./mvnw -B -ntp verify")
                && gate.contains(".ci/readme"));
    }
}
