// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.ConnectionString;
import io.upstream.SasKey;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.provisioning.Attestation;
import io.upstream.emulator.provisioning.Enrolment;
import io.upstream.emulator.provisioning.ProvisioningService;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.tls.EmulatorCa;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ProvisionCommandTest {
    private static final String KEY = "Y2FuYXJ5LWtleS1vZi1hLWRldmljZQ==";

    @TempDir
    private Path directory;

    private static TestHub hub;
    private static ProvisioningService service;

    @BeforeAll
    static void start() throws Exception {
        hub = TestHub.start();
        service = hub.hub().provisioning();
        service.polls(0);
    }

    @AfterAll
    static void stop() {
        hub.close();
    }

    private static String[] args(String id, UpstreamProtocol protocol, String... more) {
        List<String> args =
                new ArrayList<>(List.of("provision", "--id-scope", service.idScope(), "--registration-id", id));
        args.addAll(List.of("--host", "localhost", "--protocol", protocol.wireName()));
        args.addAll(List.of("--port", String.valueOf(hub.port(protocol)), "--timeout", "15s"));
        args.addAll(List.of("--trust-bundle", hub.hub().trustBundle().toString()));
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }

    private String file(String name, String text) throws IOException {
        return Files.writeString(directory.resolve(name), text + "\n").toString();
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void tellsTheHubAndTheDeviceInJson(UpstreamProtocol protocol) throws Exception {
        String id = "json-" + protocol.wireName();
        service.enrol(Enrolment.device(id, new Attestation.SymmetricKeys(KEY, ""))
                .deviceId(id + "-d")
                .payload(new ObjectMapper().readTree("{\"a\":1}")));

        Shell.Run run =
                Shell.run(args(id, protocol, "--key-file", file("key", KEY), "--payload", "{\"b\":2}", "--json"));

        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(1, run.events().size());
        JsonNode event = run.last();
        assertEquals("assigned", event.get("event").asText());
        assertEquals("localhost", event.get("hubHost").asText());
        assertEquals(id + "-d", event.get("deviceId").asText());
        assertEquals("initialAssignment", event.get("substatus").asText());
        assertEquals(protocol.wireName(), event.get("protocol").asText());
        assertEquals(1, event.at("/payload/a").asInt());
        assertFalse(run.toString().contains(KEY), run.toString());
    }

    @Test
    void printsTheConnectionStringWithoutTheKey() {
        service.enrol("human", KEY);
        Shell.Run run = Shell.run(Map.of(RegistrationOptions.VARIABLE, KEY), args("human", UpstreamProtocol.MQTT));
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(
                List.of(
                        "assigned to localhost as human over Mqtt (initialAssignment)",
                        "HostName=localhost;DeviceId=human"),
                run.out().lines().toList());
        assertEquals("", run.err());
    }

    @Test
    void savesTheConnectionStringOfAGroupsDeviceForItsOwnerOnly() throws Exception {
        String group = service.enrolGroup("pumps").primaryKey();
        Path saved = directory.resolve("pump-7.cs");
        Files.writeString(saved, "an older one");

        Shell.Run run = Shell.run(args(
                "pump-7",
                UpstreamProtocol.MQTT_WS,
                "--group-key-file",
                file("group", group),
                "--save",
                saved.toString()));

        assertEquals(Cli.DONE, run.code(), run.toString());
        String text = Files.readString(saved);
        ConnectionString string = ConnectionString.parse(text);
        assertEquals("pump-7", string.identity().deviceId());
        assertTrue(text.contains(SasKey.derived(group, "pump-7").text()), "another key");
        if (saved.getFileSystem().supportedFileAttributeViews().contains("posix")) {
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(saved)));
        }
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(2, files.count());
        }
        Shell.Run sent = Shell.run(
                "send",
                "--connection-string-file",
                saved.toString(),
                "--protocol",
                "Mqtt",
                "--port",
                String.valueOf(hub.port(UpstreamProtocol.MQTT)),
                "--trust-bundle",
                hub.hub().trustBundle().toString(),
                "--count",
                "1");
        assertEquals(Cli.DONE, sent.code(), sent.toString());
    }

    @Test
    void registersByCertificate() throws Exception {
        var issued = EmulatorCa.create().issueClient("certified");
        service.enrol(Enrolment.device(
                "certified", Attestation.Thumbprints.of(issued.chain().get(0))));
        var files = issued.write(directory, "certified");
        Shell.Run run = Shell.run(args(
                "certified",
                UpstreamProtocol.MQTT,
                "--cert",
                files.certificate().toString(),
                "--key",
                files.key().toString()));
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertTrue(run.out().contains("HostName=localhost;DeviceId=certified;x509=true"), run.out());
    }

    @Test
    void goesThroughAProxy() throws Exception {
        service.enrol("proxied", KEY);
        try (ConnectProxy proxy = ConnectProxy.builder().start()) {
            Shell.Run run = Shell.run(
                    args("proxied", UpstreamProtocol.MQTT_WS, "--key-file", file("key", KEY), "--proxy", proxy.url()));
            assertEquals(Cli.DONE, run.code(), run.toString());
            assertEquals(1, proxy.accessLog().size());
        }
    }

    @Test
    void failsWithOneLineAndWithoutTheKey() throws Exception {
        service.enrol("refused", "ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=");
        Shell.Run run =
                Shell.run(args("refused", UpstreamProtocol.MQTT, "--key-file", file("key", KEY), "--json", "-v", "-v"));
        assertEquals(Cli.FAILED, run.code(), run.toString());
        assertEquals("UNAUTHORIZED", run.last().get("kind").asText());
        assertTrue(run.err().contains("upstream provision: provisioning service localhost:"), run.err());
        assertFalse(run.toString().contains(KEY), run.toString());
    }

    @Test
    void saysThatTheFileCannotBeWritten() throws Exception {
        service.enrol("unsaved", KEY);
        Shell.Run run = Shell.run(args(
                "unsaved", UpstreamProtocol.MQTT, "--key-file", file("key", KEY), "--save", directory + "/none/x.cs"));
        assertEquals(Cli.FAILED, run.code(), run.toString());
        assertTrue(run.err().contains("the device is assigned, but the file"), run.err());
        assertFalse(run.toString().contains(KEY), run.toString());
    }
}
