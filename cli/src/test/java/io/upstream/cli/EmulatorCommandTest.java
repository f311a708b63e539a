// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.ConnectionString;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmulatorCommandTest {
    private static final List<String> PORTS = List.of("mqttPort", "amqpPort", "wsPort", "apiPort");
    private static final String KEY = "a2V5LW9mLXNpeHRlZW4tYnl0ZXMtb3ItbW9yZQ==";

    @TempDir
    private Path directory;

    @Test
    void saysHowToReachItAndEndsOnASignal() throws Exception {
        Shell shell = Shell.start(anyPorts("--json", "--device", "one", "--device", "two=" + KEY));
        JsonNode ready = Shell.parse(shell.awaitLine(line -> line.contains("ready")));
        assertTrue(ready.get("ready").asBoolean());
        assertEquals("localhost", ready.get("hostName").asText());
        assertTrue(Files.exists(Path.of(ready.get("trustBundle").asText())));
        assertTrue(ready.get("serviceConnectionString")
                .asText()
                .startsWith("HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey="));
        for (String port : PORTS) {
            new Socket(InetAddress.getLoopbackAddress(), ready.get(port).asInt()).close();
        }
        assertEquals("one", ready.get("devices").get(0).get("id").asText());
        String string = ready.get("devices").get(1).get("connectionString").asText();
        assertEquals("two", ConnectionString.parse(string).identity().deviceId());
        assertTrue(string.endsWith(KEY));
        shell.signal();
        Shell.Run run = shell.end();
        assertEquals(Cli.DONE, run.code());
        assertEquals(1, run.out().lines().count());
        assertEquals("", run.err());
    }

    @Test
    void enrolsDevicesAndGroups() throws Exception {
        Shell shell =
                Shell.start(anyPorts("--json", "--enroll", "one=" + KEY, "--enroll", "two", "--enroll-group", "g"));
        JsonNode ready = Shell.parse(shell.awaitLine(line -> line.contains("ready")));
        assertEquals("0ne00000001", ready.get("idScope").asText());
        assertEquals("one", ready.at("/enrollments/0/id").asText());
        assertEquals(KEY, ready.at("/enrollments/0/primaryKey").asText());
        assertEquals(44, ready.at("/enrollments/1/primaryKey").asText().length());
        assertEquals("g", ready.at("/enrollmentGroups/0/id").asText());
        shell.signal();
        assertEquals(Cli.DONE, shell.end().code());
        Shell.Run wrong = Shell.run(anyPorts("--enroll", "one=x"));
        assertEquals(Cli.USAGE, wrong.code(), wrong.err());
        assertTrue(wrong.err().contains("--enroll"), wrong.err());
    }

    @Test
    void namesThePortThatIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Shell.Run run = Shell.run(anyPorts("--json", "--mqtt-port", String.valueOf(taken.getLocalPort())));
            assertEquals(Cli.FAILED, run.code());
            assertEquals(1, run.errLines().size(), run.err());
            assertTrue(run.err().contains(String.valueOf(taken.getLocalPort())), run.err());
            assertEquals("CONFIGURATION", run.last().get("kind").asText());
        }
    }

    private String[] anyPorts(String... more) {
        List<String> args = new java.util.ArrayList<>(List.of("emulator", "--dir", directory.toString()));
        for (String port : List.of("--mqtt-port", "--amqp-port", "--ws-port", "--api-port")) {
            if (!List.of(more).contains(port)) {
                args.addAll(List.of(port, "0"));
            }
        }
        args.addAll(List.of(more));
        return args.toArray(String[]::new);
    }
}
