// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.hub.Authentication.CertificateAuthority;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.proxy.ConnectProxy;
import io.upstream.emulator.tls.ClientCertificate;
import java.io.ByteArrayOutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What goes in as lines comes out at the hub, byte by byte and in order, on every route. */
class DeliveryTest {
    private static final int LINES = 2_000;

    private static TestHub hub;
    private static ConnectProxy proxy;

    @BeforeAll
    static void start() throws Exception {
        hub = TestHub.start();
        proxy = ConnectProxy.builder().credentials("user", "p@ss word").start();
    }

    @AfterAll
    static void stop() {
        proxy.close();
        hub.close();
    }

    @ParameterizedTest
    @CsvSource({
        "MQTT,false",
        "MQTT,true",
        "AMQP,false",
        "AMQP,true",
        "MQTT_WS,false",
        "MQTT_WS,true",
        "AMQP_WS,false",
        "AMQP_WS,true"
    })
    void deliversLinesInOrderByteByByte(UpstreamProtocol protocol, boolean throughProxy) throws Exception {
        String device = hub.newDevice();
        List<byte[]> lines = IntStream.rangeClosed(1, LINES)
                .mapToObj(n -> ("{\"n\":" + n + ",\"text\":\"grüße ✓\"}").getBytes(StandardCharsets.UTF_8))
                .toList();
        int before = proxy.accessLog().size();
        String url = throughProxy ? proxy.url().replace("://", "://user:p%40ss%20word@") : "none";
        Shell.Run run = Shell.run(joined(lines), hub.args("send", device, protocol, "--json", "--proxy", url));
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertSummary(run, protocol, LINES, LINES);
        assertEquals(
                throughProxy ? proxy.url() : "null", run.last().get("proxy").asText());
        assertEquals(throughProxy, proxy.accessLog().size() > before);
        assertSame(lines, hub.bodies(device, LINES));
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void showsACertificate(UpstreamProtocol protocol) throws Exception {
        String device = "shown-" + protocol.wireName();
        hub.hub().addDevice(device, new CertificateAuthority());
        ClientCertificate.Files files = hub.hub().issueDeviceCertificate(device);
        List<String> args = new ArrayList<>(List.of(hub.args("send", device, protocol, "--count", "2")));
        args.addAll(List.of(
                "--cert", files.certificate().toString(), "--key", files.key().toString()));
        Shell.Run run = Shell.run(args.toArray(String[]::new));
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(2, hub.bodies(device, 2).size());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void reportsLinesThatAreTooLongAndDeliversTheRest(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        byte[] large = new byte[262_000];
        Arrays.fill(large, (byte) 'x');
        byte[] overHub = Arrays.copyOf(large, 300_000);
        byte[] overLine = new byte[Feed.MAX_LINE + 1];
        Arrays.fill(overLine, (byte) 'y');
        byte[] small = "ok".getBytes(StandardCharsets.UTF_8);
        Shell.Run run = Shell.run(
                joined(List.of(small, large, overHub, small, overLine, small)),
                hub.args("send", device, protocol, "--json"));
        assertEquals(Cli.FAILED, run.code(), run.toString());
        assertSummary(run, protocol, 6, 4);
        assertEquals(2, run.errLines().size(), run.err());
        assertTrue(run.errLines().stream().anyMatch(line -> line.startsWith("upstream send: line 3: ")), run.err());
        assertTrue(run.errLines().stream().anyMatch(line -> line.startsWith("upstream send: line 5: ")), run.err());
        assertEquals("TOO_LARGE", run.events().get(0).get("kind").asText());
        assertSame(List.of(small, large, small, small), hub.bodies(device, 4));
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void keepsWhateverALineHolds(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        byte[] in = {'a', '\r', '\n', '\n', 0, (byte) 0xff, ' ', '\t', '\n', 'b', '\r', 'c', '\n', 'e', 'n', 'd'};
        String[] args = hub.args(
                "send",
                device,
                protocol,
                "--property",
                "kind=täst",
                "--property",
                "empty=",
                "--content-type",
                "text/plain");
        Shell.Run run = Shell.run(in, args);
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertSame(
                List.of(
                        new byte[] {'a'},
                        new byte[0],
                        new byte[] {0, (byte) 0xff, ' ', '\t'},
                        new byte[] {'b', '\r', 'c'},
                        new byte[] {'e', 'n', 'd'}),
                hub.bodies(device, 5));
        HubMessage first = hub.hub().telemetry(device).get(0).message();
        assertEquals(Map.of("kind", "täst", "empty", ""), first.properties());
        assertEquals("text/plain", first.systemProperties().get("content-type"));
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void generatesMessages(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        Shell.Run run =
                Shell.run(hub.args("send", device, protocol, "--count", "300", "--size", "64", "--window", "7"));
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertTrue(run.out().matches("(?s)" + protocol.wireName() + ": 300 sent, 300 acknowledged, 0 failed in .*"));
        List<byte[]> bodies = hub.bodies(device, 300);
        assertTrue(bodies.stream().allMatch(body -> body.length == 64));
        assertArrayEquals(SendCommand.generated(300, 64), bodies.get(299));
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void goesOnWhenTheConnectionIsLost(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        try (PipedInputStream in = new PipedInputStream()) {
            Shell shell;
            try (PipedOutputStream lines = new PipedOutputStream(in)) {
                shell = Shell.start(in, Map.of(), hub.args("send", device, protocol, "--json"));
                lines.write("one\ntwo\n".getBytes(StandardCharsets.UTF_8));
                lines.flush();
                hub.bodies(device, 2);
                hub.hub().closeConnectionsOf(device);
                lines.write("three\n".getBytes(StandardCharsets.UTF_8));
                lines.flush();
                hub.bodies(device, 3);
            }
            Shell.Run run = shell.end();
            assertEquals(Cli.DONE, run.code(), run.toString());
            assertSummary(run, protocol, 3, 3);
        }
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void losesNothingWhenTheConnectionIsLostInFullFlow(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        Shell shell = Shell.start(hub.args("send", device, protocol, "--json", "--count", "5000", "--window", "50"));
        hub.bodies(device, 200);
        hub.hub().closeConnectionsOf(device);
        Shell.Run run = shell.end();
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertSummary(run, protocol, 5_000, 5_000);
    }

    @Test
    void finishesWhatIsUnderWayOnASignal() throws Exception {
        String device = hub.newDevice();
        try (PipedOutputStream lines = new PipedOutputStream();
                PipedInputStream in = new PipedInputStream(lines)) {
            Shell shell = Shell.start(in, Map.of(), hub.args("send", device, UpstreamProtocol.MQTT, "--json"));
            lines.write("one\ntwo\nthr".getBytes(StandardCharsets.UTF_8));
            lines.flush();
            hub.bodies(device, 2);
            assertTrue(shell.isRunning());
            shell.signal();
            Shell.Run run = shell.end();
            assertEquals(Cli.INTERRUPTED, run.code(), run.toString());
            assertSummary(run, UpstreamProtocol.MQTT, 2, 2);
        }
    }

    static void assertSummary(Shell.Run run, UpstreamProtocol protocol, int sent, int acked) {
        JsonNode summary = run.last();
        assertEquals("summary", summary.get("event").asText());
        assertEquals(protocol.wireName(), summary.get("protocol").asText());
        assertEquals(sent, summary.get("sent").asInt(), run.toString());
        assertEquals(acked, summary.get("acked").asInt(), run.toString());
        assertEquals(sent - acked, summary.get("failed").asInt());
        for (String number : List.of("seconds", "messagesPerSecond", "p50Micros", "p99Micros")) {
            assertTrue(summary.get(number).isNumber(), number);
        }
        assertTrue(summary.has("proxy"));
    }

    private static byte[] joined(List<byte[]> lines) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] line : lines) {
            all.writeBytes(line);
            all.write('\n');
        }
        return all.toByteArray();
    }

    private static void assertSame(List<byte[]> expected, List<byte[]> came) {
        assertEquals(expected.size(), came.size());
        for (int i = 0; i < came.size(); i++) {
            assertArrayEquals(expected.get(i), came.get(i), "message " + (i + 1));
        }
    }
}
