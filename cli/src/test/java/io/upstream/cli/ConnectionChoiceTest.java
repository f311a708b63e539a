// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.upstream.Anonymous;
import io.upstream.ClientCertificate;
import io.upstream.HostPort;
import io.upstream.UpstreamProtocol;
import io.upstream.UserPassword;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ConnectionChoiceTest {
    private static final String STRING = "HostName=hub.example;DeviceId=d;SharedAccessKey=a2V5LW9mLXNvbWVib2R5";
    private static final List<UpstreamProtocol> DIRECT =
            List.of(UpstreamProtocol.AMQP, UpstreamProtocol.AMQP_WS, UpstreamProtocol.MQTT, UpstreamProtocol.MQTT_WS);
    private static final List<UpstreamProtocol> PROXIED =
            List.of(UpstreamProtocol.AMQP_WS, UpstreamProtocol.MQTT_WS, UpstreamProtocol.AMQP, UpstreamProtocol.MQTT);

    @TempDir
    private Path directory;

    @Test
    void triesTheProtocolsOnPort443FirstBehindAProxy() throws Exception {
        assertEquals(
                DIRECT,
                resolve(Map.of(), "--connection-string", STRING).options().protocols());
        Map<String, String> env = Map.of("https_proxy", "http://proxy.example:3128");
        assertEquals(
                PROXIED, resolve(env, "--connection-string", STRING).options().protocols());
        assertEquals(
                DIRECT,
                resolve(env, "--connection-string", STRING, "--proxy", "none")
                        .options()
                        .protocols());
        Map<String, String> excepted = Map.of("https_proxy", "http://proxy.example:3128", "no_proxy", "hub.example");
        assertEquals(
                DIRECT,
                resolve(excepted, "--connection-string", STRING).options().protocols());
    }

    @ParameterizedTest
    @CsvSource({"UpstreamProtocol,MqttWs", "UPSTREAMPROTOCOL,mqttws", "upstreamprotocol,MQTT_WS"})
    void readsTheProtocolFromTheEnvironment(String name, String value) throws Exception {
        Target target = resolve(Map.of(name, value), "--connection-string", STRING);
        assertEquals(List.of(UpstreamProtocol.MQTT_WS), target.options().protocols());
        Target told = resolve(Map.of(name, value), "--connection-string", STRING, "--protocol", "Amqp");
        assertEquals(List.of(UpstreamProtocol.AMQP), told.options().protocols());
    }

    @Test
    void takesTheConnectionStringFromFileOrEnvironment() throws Exception {
        Path file = Files.writeString(directory.resolve("cs"), STRING + "\n");
        assertEquals(
                "hub.example",
                resolve(Map.of(), "--connection-string-file", file.toString())
                        .options()
                        .hubHost());
        Target target = resolve(Map.of(IdentityOptions.VARIABLE, STRING), "--port", "1234", "--timeout", "500ms");
        assertEquals(new HostPort("hub.example", 1234), target.options().target(UpstreamProtocol.MQTT));
        assertEquals(Duration.ofMillis(500), target.options().connectTimeout());
        assertNull(target.proxyFor(UpstreamProtocol.MQTT));
    }

    @Test
    void connectsToTheGatewayOfTheConnectionString() throws Exception {
        Target target = resolve(Map.of(), "--connection-string", STRING + ";GatewayHostName=edge.example");
        assertEquals("hub.example", target.options().hubHost());
        assertEquals(
                "edge.example", target.options().target(UpstreamProtocol.MQTT).host());
    }

    @Test
    void showsACertificateInPlaceOfAConnectionStringOrBesideOne() throws Exception {
        Path file = Files.writeString(directory.resolve("both.pem"), "looked at when a connection is made");
        Path password = Files.writeString(directory.resolve("password"), "s3cret\n");
        String[] certificate = {
            "--cert", file.toString(), "--key", file.toString(), "--key-password-file", password.toString()
        };
        Target target = resolve(
                Map.of(IdentityOptions.VARIABLE, STRING),
                Stream.concat(Stream.of(certificate), Stream.of("--hub", "hub.example", "--device", "d-1"))
                        .toArray(String[]::new));
        assertEquals("d-1", target.identity().toString());
        assertEquals("hub.example", target.options().hubHost());
        assertEquals(
                List.of(file.toAbsolutePath()),
                assertInstanceOf(ClientCertificate.class, target.credentials()).files());
        assertFalse(target.toString().contains("s3cret"));
        Target told = resolve(
                Map.of(IdentityOptions.VARIABLE, "HostName=hub.example;DeviceId=d;ModuleId=m;x509=true"), certificate);
        assertEquals("d/m", told.identity().toString());
        assertInstanceOf(ClientCertificate.class, told.credentials());
    }

    @Test
    void logsInToABrokerThatIsNoHub() throws Exception {
        Path file = Files.writeString(directory.resolve("password"), "s3cret\n");
        String[] plain = {
            "--sasl", "plain", "--hub", "broker", "--device", "d", "--username", "u", "--password-file", file.toString()
        };
        Target target = resolve(Map.of(IdentityOptions.VARIABLE, STRING), plain);
        assertEquals(new UserPassword("u", "s3cret"), target.credentials());
        assertEquals("broker", target.options().hubHost());
        assertFalse(target.toString().contains("s3cret"));
        Target nobody = resolve(
                Map.of(),
                "--sasl",
                "ANONYMOUS",
                "--hub",
                "broker",
                "--device",
                "d",
                "--address",
                "t",
                "--ws-path",
                "/ws",
                "--ws-subprotocol",
                "amqp");
        assertTrue(nobody.credentials() instanceof Anonymous);
        assertEquals("t", nobody.options().telemetryAddress());
        assertEquals("/ws", nobody.options().webSocketPath());
        assertEquals("amqp", nobody.options().webSocketSubprotocol());
    }

    private static Target resolve(Map<String, String> env, String... args) throws Exception {
        TargetOptions options = new TargetOptions();
        CommandLine.Model.CommandSpec spec = CommandLine.Model.CommandSpec.create();
        spec.addMixin("target", CommandLine.Model.CommandSpec.forAnnotatedObject(options));
        new CommandLine(spec).setCaseInsensitiveEnumValuesAllowed(true).parseArgs(args);
        return options.resolve(env, 100);
    }
}
