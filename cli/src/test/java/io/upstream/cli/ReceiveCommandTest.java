// SPDX-License-Identifier: Apache-2.0
package io.upstream.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.upstream.UpstreamProtocol;
import io.upstream.emulator.IotHubEmulator;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.MethodAnswer;
import io.upstream.emulator.hub.SentMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ReceiveCommandTest {
    private static final byte[] BINARY = {(byte) 0xff, 0, 1};

    private static final Duration SOON = Duration.ofSeconds(20);

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

    /** Each of the three kinds, for a device and for a module. */
    @ParameterizedTest
    @MethodSource("identities")
    void printsMessagesCallsAndChanges(UpstreamProtocol protocol, boolean module) throws Exception {
        String device = hub.newDevice();
        IotHubEmulator back = hub.hub();
        String[] args = hub.args("receive", device, protocol, "--json", "--max", "3");
        if (module) {
            back.addModule(device, "m");
            args[2] = back.connectionString(device, "m");
        }
        Shell shell = Shell.start(args);
        shell.awaitLine(line -> line.contains("\"ready\""));
        MethodAnswer answer = module
                ? back.invokeMethod(device, "m", "setLevel", "{\"größe\":[1,null]}", SOON)
                : back.invokeMethod(device, "setLevel", "{\"größe\":[1,null]}", SOON);
        long version = module
                ? back.patchDesired(device, "m", "{\"on\":true,\"off\":null}")
                : back.patchDesired(device, "{\"on\":true,\"off\":null}");
        shell.awaitLine(line -> line.contains("\"desired\""));
        HubMessage body = new HubMessage(Map.of(), Map.of(), "hello".getBytes(StandardCharsets.UTF_8));
        SentMessage sent = module ? back.sendToInput(device, "m", "in", body) : back.sendToDevice(device, body);
        Shell.Run run = shell.end();

        assertEquals(Cli.DONE, run.code(), run.toString());
        List<JsonNode> events = run.events();
        assertEquals(
                Shell.parse(
                        "{\"event\":\"method\",\"name\":\"setLevel\",\"payload\":{\"größe\":[1,null]},\"status\":200}"),
                events.get(1));
        assertEquals(200, answer.status());
        assertEquals("{\"größe\":[1,null]}", new String(answer.payload(), StandardCharsets.UTF_8));
        assertEquals(
                Shell.parse("{\"event\":\"desired\",\"version\":" + version
                        + ",\"patch\":{\"on\":true,\"off\":null,\"$version\":" + version + "}}"),
                events.get(2));
        assertEquals("hello", events.get(3).get("text").asText());
        assertEquals(
                module ? "in" : "",
                events.get(3).at("/systemProperties/input-name").asText());
        assertEquals(CloudMessageState.COMPLETED, sent.awaitOutcome(SOON));
        assertEquals(
                Shell.parse("{\"event\":\"summary\",\"received\":3,\"messages\":1,\"methods\":1,\"changes\":1}"),
                run.last());
    }

    private static Stream<Arguments> identities() {
        return Stream.of(UpstreamProtocol.values())
                .flatMap(protocol -> Stream.of(Arguments.of(protocol, false), Arguments.of(protocol, true)));
    }

    @Test
    void saysTheSameToPeople() throws Exception {
        String device = hub.newDevice();
        Shell shell = Shell.start(hub.args("receive", device, UpstreamProtocol.AMQP, "--max", "2"));
        shell.awaitNote(line -> line.contains("waiting for"));
        MethodAnswer answer = hub.hub().invokeMethod(device, "reset", "{}", SOON);
        assertEquals(200, answer.status());
        shell.awaitLine(line -> line.startsWith("method"));
        long version = hub.hub().patchDesired(device, "{\"a\":1}");
        Shell.Run run = shell.end();
        assertEquals(Cli.DONE, run.code(), run.toString());
        assertEquals(
                List.of(
                        "method reset {}  answered 200",
                        "desired " + version + " {\"a\":1,\"$version\":" + version + "}"),
                run.out().lines().toList());
        assertTrue(run.err().contains("0 messages, 1 method call, 1 desired change"), run.err());
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
