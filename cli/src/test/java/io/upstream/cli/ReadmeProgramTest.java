// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.UpstreamProtocol;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import io.upstream.emulator.proxy.ConnectProxy;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The README's whole program, compiled as it stands and run as a process of its own. What a site gives a program is given here: variables, a
 * proxy by which the hub's name leads to the hub, and a Java that believes its certificate.
 */
class ReadmeProgramTest {
    private static final String NAME = "BoilerModule";
    private static final String HUB = "hub.example";
    private static final Duration SOON = Duration.ofSeconds(30);

    /** The class path of this JVM, also where the build hides it in the manifest of a jar. */
    private static final String CLASS_PATH =
            System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));

    @TempDir
    private static Path directory;

    private static IotHubEmulator hub;
    private static ConnectProxy proxy;
    private static Path trust;

    @BeforeAll
    static void start() throws Exception {
        hub = IotHubEmulator.builder().directory(directory).hostName(HUB).start();
        proxy = ConnectProxy.builder()
                .route(HUB + ":8883", loopback(hub.mqttPort()))
                .route(HUB + ":5671", loopback(hub.amqpPort()))
                .route(HUB + ":443", loopback(hub.wsPort()))
                .start();
        trust = trustStore(hub.trustBundle());
        compile();
    }

    @AfterAll
    static void stop() {
        proxy.close();
        hub.close();
    }

    private static InetSocketAddress loopback(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    private static Path trustStore(Path pem) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        try (InputStream in = Files.newInputStream(pem)) {
            store.setCertificateEntry(
                    "hub", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        Path file = directory.resolve("trust.p12");
        try (OutputStream out = Files.newOutputStream(file)) {
            store.store(out, "changeit".toCharArray());
        }
        return file;
    }

    private static String program() throws IOException {
        return ReadmeTest.blocks("java").get(ReadmeTest.PROGRAM);
    }

    private static void compile() throws IOException {
        Path source = Files.writeString(directory.resolve(NAME + ".java"), program());
        int code = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-Xlint:all,-processing,-classfile,-path,-options",
                        "-Werror",
                        "-proc:none",
                        "--release",
                        "17",
                        "-cp",
                        CLASS_PATH,
                        "-d",
                        directory.toString(),
                        source.toString());
        assertEquals(0, code, "the README's program does not compile");
    }

    @Test
    void isShort() throws IOException {
        long lines = program().lines().count();
        assertTrue(lines < 40, lines + " lines");
    }

    /** A program that runs, and what it prints. */
    private record Running(Process process, BlockingQueue<String> lines) implements AutoCloseable {
        static Running start(String connectionString, UpstreamProtocol protocol) throws IOException {
            ProcessBuilder builder = new ProcessBuilder(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Djavax.net.ssl.trustStore=" + trust,
                    "-Djavax.net.ssl.trustStorePassword=changeit",
                    "-cp",
                    directory + File.pathSeparator + CLASS_PATH,
                    NAME);
            builder.redirectErrorStream(true);
            Map<String, String> env = builder.environment();
            env.keySet()
                    .removeIf(name -> Set.of("no_proxy", "https_proxy", "all_proxy", "upstreamprotocol")
                            .contains(name.toLowerCase(Locale.ROOT)));
            env.put("UPSTREAM_CONNECTION_STRING", connectionString);
            env.put("UpstreamProtocol", protocol.wireName());
            env.put("https_proxy", proxy.url());
            Running running = new Running(builder.start(), new LinkedBlockingQueue<>());
            Thread reader = new Thread(running::read, "program-output");
            reader.setDaemon(true);
            reader.start();
            return running;
        }

        private void read() {
            try (BufferedReader out = process.inputReader(UTF_8)) {
                out.lines().forEach(lines::add);
            } catch (IOException | UncheckedIOException e) {
                lines.add("its output ended: " + e.getMessage());
            }
        }

        void awaitLine(String wanted) throws InterruptedException {
            String line;
            StringBuilder before = new StringBuilder();
            do {
                line = lines.poll(SOON.toSeconds(), TimeUnit.SECONDS);
                assertNotNull(line, () -> "no line '" + wanted + "' after: " + before);
                before.append(line).append('\n');
            } while (!line.startsWith(wanted));
        }

        @Override
        public void close() {
            process.destroyForcibly();
        }
    }

    @ParameterizedTest
    @CsvSource({"MQTT, true", "AMQP, true", "MQTT_WS, true", "AMQP_WS, true", "MQTT, false", "AMQP_WS, false"})
    void doesTheFourThings(UpstreamProtocol protocol, boolean module) throws Exception {
        String device = "boiler-" + protocol.wireName() + (module ? "" : "-itself");
        hub.addDevice(device);
        if (module) {
            hub.addModule(device, "m");
        }
        String string = module ? hub.connectionString(device, "m") : hub.connectionString(device);
        try (Running running = Running.start(string, protocol)) {
            running.awaitLine("desired {");
            byte[] first = hub.awaitTelemetry(device, 1, SOON).get(0).message().body();
            assertEquals("{\"n\":0}", new String(first, UTF_8));

            assertAnswer(200, "\"pong\"", call(device, module, "ping"));
            assertAnswer(404, "", call(device, module, "anything else"));

            HubMessage hello = new HubMessage(Map.of(), Map.of(), "grüße".getBytes(UTF_8));
            SentMessage sent = module ? hub.sendToInput(device, "m", "in", hello) : hub.sendToDevice(device, hello);
            assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SOON));
            running.awaitLine("message grüße");

            long version = module ? hub.patchDesired(device, "m", "{\"a\":1}") : hub.patchDesired(device, "{\"a\":1}");
            running.awaitLine("reported 2");
            assertEquals(
                    version,
                    (module ? hub.twin(device, "m") : hub.twin(device))
                            .at("/properties/reported/applied")
                            .asLong());
            assertTrue(running.process().isAlive());
        }
        assertTrue(
                proxy.accessLog().stream().anyMatch(each -> each.target().equals(HUB + ":" + protocol.defaultPort())));
    }

    private static MethodAnswer call(String device, boolean module, String method) throws Exception {
        return module
                ? hub.invokeMethod(device, "m", method, "{}", SOON)
                : hub.invokeMethod(device, method, "{}", SOON);
    }

    private static void assertAnswer(int status, String payload, MethodAnswer answer) {
        assertEquals(List.of(status, payload), List.of(answer.status(), new String(answer.payload(), UTF_8)));
    }
}
