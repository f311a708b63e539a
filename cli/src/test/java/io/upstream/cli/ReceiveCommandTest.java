// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.SentMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReceiveCommandTest {
    private static final byte[] BINARY = {(byte) 0xff, 0, 1};

    private static TestHub hub;

    @BeforeAll
    static void start() throws Exception {
        hub = TestHub.start();
    }

    @AfterAll
    static void stop() {
        hub.close();
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void printsAndCompletesMessages(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        SentMessage waiting = send(device, "grüße ✓".getBytes(StandardCharsets.UTF_8));
        Shell shell = Shell.start(hub.args("receive", device, protocol, "--json", "--max", "2"));
        shell.awaitLine(line -> line.contains("\"ready\""));
        SentMessage live = send(device, BINARY);
        Shell.Run run = shell.end();
        assertEquals(Cli.DONE, run.code(), run.toString());
        List<JsonNode> events = run.events();
        assertEquals(4, events.size(), run.out());
        JsonNode first =
                events.stream().filter(event -> event.has("text")).findFirst().orElseThrow();
        assertEquals("message", first.get("event").asText());
        assertEquals("grüße ✓", first.get("text").asText());
        assertEquals("blue", first.get("properties").get("colour").asText());
        assertEquals(
                waiting.messageId(),
                first.get("systemProperties").get("message-id").asText());
        JsonNode second = events.get(2);
        assertEquals("/wAB", second.get("body").asText());
        assertFalse(second.has("text"));
        assertEquals(2, run.last().get("received").asInt());
        assertEquals(CloudMessageState.COMPLETED, waiting.awaitOutcome(Duration.ofSeconds(10)));
        assertEquals(CloudMessageState.COMPLETED, live.awaitOutcome(Duration.ofSeconds(10)));
    }

    @Test
    void rejectsWhenAsked() throws Exception {
        String device = hub.newDevice();
        SentMessage message = send(device, BINARY);
        Shell.Run run =
                Shell.run(hub.args("receive", device, UpstreamProtocol.AMQP, "--settle", "reject", "--max", "1"));
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertTrue(run.out().contains("3 bytes that are no text"), run.out());
        assertEquals(CloudMessageState.REJECTED, message.awaitOutcome(Duration.ofSeconds(10)));
    }

    @ParameterizedTest
    @EnumSource(UpstreamProtocol.class)
    void endsByTimeAndBySignal(UpstreamProtocol protocol) throws Exception {
        String device = hub.newDevice();
        Shell.Run timed = Shell.run(hub.args("receive", device, protocol, "--for", "100ms", "--json"));
        assertEquals(Cli.DONE, timed.code(), timed.toString());
        assertEquals(0, timed.last().get("received").asInt());
        Shell shell = Shell.start(hub.args("receive", device, protocol, "--json"));
        shell.awaitLine(line -> line.contains("\"ready\""));
        shell.signal();
        assertEquals(Cli.DONE, shell.end().code());
    }

    @Test
    void replacesWhatATerminalWouldObey() throws Exception {
        String device = hub.newDevice();
        send(device, "a\u001b[31m\nb".getBytes(StandardCharsets.UTF_8));
        Shell.Run run = Shell.run(hub.args("receive", device, UpstreamProtocol.MQTT, "--max", "1"));
        assertEquals(1, run.out().lines().count(), run.out());
        assertFalse(run.out().contains("\u001b"), run.out());
    }

    private static SentMessage send(String device, byte[] body) throws Exception {
        return hub.hub().sendToDevice(device, new HubMessage(Map.of(), Map.of("colour", "blue"), body));
    }
}
