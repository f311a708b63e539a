// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.UpstreamProtocol;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TwinCommandTest {
    private static TestHub hub;

    @BeforeAll
    static void start() throws Exception {
        hub = TestHub.start();
    }

    @AfterAll
    static void stop() {
        hub.close();
    }

    /** {@code twin} is two words. */
    private static Shell.Run twin(byte[] in, String command, String device, UpstreamProtocol protocol, String... more) {
        String[] rest = hub.args(command, device, protocol, more);
        String[] all = new String[rest.length + 1];
        all[0] = "twin";
        System.arraycopy(rest, 0, all, 1, rest.length);
        return Shell.run(in, all);
    }

    private static Shell.Run twin(String command, String device, UpstreamProtocol protocol, String... more) {
        return twin(new byte[0], command, device, protocol, more);
    }

    private static JsonNode reported(String device) {
        return hub.hub().twin(device).at("/properties/reported");
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void printsTheTwinAsOneObject(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        long desired = hub.hub().patchDesired(device, "{\"größe\":{\"x\":1.50}}");
        Shell.Run run = twin("get", device, protocol, "--json");
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(
                List.of(Shell.parse("{\"event\":\"twin\",\"desired\":{\"größe\":{\"x\":1.50},\"$version\":" + desired
                        + "},\"desiredVersion\":" + desired
                        + ",\"reported\":{\"$version\":1},\"reportedVersion\":1}")),
                run.events());
        assertEquals("", run.err());
    }

    @Test
    void printsTheTwinForPeople() throws Exception {
        String device = hub.newDevice();
        hub.hub().patchDesired(device, "{\"text\":\"a\\u001b[31m\"}");
        Shell.Run run = twin("get", device, UpstreamProtocol.AMQP);
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertTrue(run.out().startsWith("desired, version 2\n{\n"), run.out());
        assertTrue(run.out().contains("\nreported, version 1\n{\n"), run.out());
        assertFalse(run.out().contains("\u001b"), run.out());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void reportsAPatchAndItsNewVersion(UpstreamProtocol protocol) {
        String device = hub.newDevice();
        Shell.Run run = twin("report", device, protocol, "{\"a\":{\"größe\":1},\"b\":2}", "--json");
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(List.of(Shell.parse("{\"event\":\"reported\",\"version\":2}")), run.events());
        Shell.Run more = twin("report", device, protocol, "--version", "2", "{\"b\":null}");
        assertEquals(Cli.DONE, more.code(), more.toString());
        assertEquals("reported, version 3\n", more.out());
        assertEquals(1, reported(device).at("/a/größe").asInt());
        assertTrue(reported(device).path("b").isMissingNode());
    }

    @Test
    void readsThePatchFromStandardInput() {
        String device = hub.newDevice();
        byte[] patch = "{\n  \"größe\": 7\n}\n".getBytes(StandardCharsets.UTF_8);
        Shell.Run run = twin(patch, "report", device, UpstreamProtocol.MQTT, "-");
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(7, reported(device).path("größe").asInt());
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void failsOnAVersionThatHoldsNoMore(UpstreamProtocol protocol) {
        String device = hub.newDevice();
        Shell.Run run = twin("report", device, protocol, "{\"a\":1}", "--version", "7", "--json");
        assertEquals(Cli.FAILED, run.code(), run.toString());
        assertEquals("VERSION_MISMATCH", run.last().get("kind").asText());
        assertTrue(reported(device).path("a").isMissingNode());
    }

    @Test
    void failsOnWhatTheHubRefuses() {
        String device = hub.newDevice();
        Shell.Run run = twin("report", device, UpstreamProtocol.AMQP_WS, "{\"a.b\":\"secret\"}");
        assertEquals(Cli.FAILED, run.code(), run.toString());
        assertEquals(1, run.errLines().size(), run.err());
        assertTrue(run.err().contains("a key must not hold a dot"), run.err());
        assertFalse(run.err().contains("secret"), run.err());
    }

    @Test
    void refusesMoreThanATwinHolds() {
        String device = hub.newDevice();
        byte[] patch = ("{\"a\":\"" + "x".repeat(40_000) + "\"}").getBytes(StandardCharsets.UTF_8);
        Shell.Run run = twin(patch, "report", device, UpstreamProtocol.MQTT, "-");
        assertEquals(Cli.USAGE, run.code(), run.toString());
        assertTrue(run.err().contains("more than 32768 bytes"), run.err());
    }

    @Test
    void aModuleHasATwinOfItsOwn() {
        String device = hub.newDevice();
        hub.hub().addModule(device, "m");
        String[] args = hub.args("report", device, UpstreamProtocol.MQTT_WS, "{\"a\":1}");
        args[2] = hub.hub().connectionString(device, "m");
        String[] all = new String[args.length + 1];
        all[0] = "twin";
        System.arraycopy(args, 0, all, 1, args.length);
        Shell.Run run = Shell.run(all);
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(1, hub.hub().twin(device, "m").at("/properties/reported/a").asInt());
        assertTrue(reported(device).path("a").isMissingNode());
    }
}
