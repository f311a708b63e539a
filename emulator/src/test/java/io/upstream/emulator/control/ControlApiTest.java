// SPDX-License-Identifier: Apache-2.0
package io.upstream.emulator.control;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.upstream.emulator.ManualClock;
import io.upstream.emulator.Tokens;
import io.upstream.emulator.hub.CloudDelivery;
import io.upstream.emulator.hub.CloudMessageState;
import io.upstream.emulator.hub.HubCore;
import io.upstream.emulator.hub.HubException;
import io.upstream.emulator.hub.HubIdentity;
import io.upstream.emulator.hub.HubMessage;
import io.upstream.emulator.hub.IdentityStatus;
import io.upstream.emulator.server.Listeners;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ControlApiTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ManualClock clock = new ManualClock();
    private final HubCore hub = new HubCore("hub.example", clock, Duration.ZERO);
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    private Listeners listeners;
    private int port;

    @BeforeEach
    void listen() throws IOException, HubException {
        listeners = new Listeners("127.0.0.1");
        ControlApi api = new ControlApi(hub);
        port = listeners.listen("control API", 0, channel -> api.install(channel.pipeline()));
        hub.put(HubIdentity.device("dev-1"), IdentityStatus.ENABLED, null, null);
        hub.put(HubIdentity.device("dev-2"), IdentityStatus.ENABLED, null, null);
    }

    @AfterEach
    void close() {
        listeners.close();
    }

    // Identities

    @Test
    void registersADeviceWithKeysOfItsOwn() throws Exception {
        JsonNode made = json(200, call("PUT", "/devices/new%2B1?api-version=2021-04-12", "{\"deviceId\":\"new+1\"}"));
        assertEquals("new+1", made.get("deviceId").asText());
        assertEquals("enabled", made.get("status").asText());
        assertEquals("Disconnected", made.get("connectionState").asText());
        assertEquals("sas", made.at("/authentication/type").asText());
        String key = made.at("/authentication/symmetricKey/primaryKey").asText();
        assertEquals(hub.get(HubIdentity.device("new+1")).primaryKey(), key);
        JsonNode read = json(200, call("GET", "/devices/new%2B1", ""));
        assertEquals(made, read);
    }

    @Test
    void registersADeviceWithGivenKeysAndStatus() throws Exception {
        String body = """
                {"deviceId":"d","status":"disabled","authentication":{"type":"sas","symmetricKey":\
                {"primaryKey":"%s","secondaryKey":"%s"}}}""".formatted(Tokens.KEY, Tokens.OTHER_KEY);
        json(200, call("PUT", "/devices/d", body));
        assertEquals(IdentityStatus.DISABLED, hub.get(HubIdentity.device("d")).status());
        assertEquals(Tokens.OTHER_KEY, hub.get(HubIdentity.device("d")).secondaryKey());
        HttpRequest change = request("/devices/d")
                .header("If-Match", "*")
                .PUT(BodyPublishers.ofString("{\"status\":\"enabled\"}"))
                .build();
        json(200, client.send(change, BodyHandlers.ofByteArray()));
        assertEquals(Tokens.KEY, hub.get(HubIdentity.device("d")).primaryKey());
        assertEquals(IdentityStatus.ENABLED, hub.get(HubIdentity.device("d")).status());
    }

    @Test
    void registersAndRemovesModules() throws Exception {
        json(404, call("PUT", "/devices/nobody/modules/m", ""));
        assertEquals(
                "m",
                json(200, call("PUT", "/devices/dev-1/modules/m", ""))
                        .get("moduleId")
                        .asText());
        assertEquals(204, call("DELETE", "/devices/dev-1", "").statusCode());
        assertEquals(
                404_010,
                error(404, call("GET", "/devices/dev-1/modules/m", ""))
                        .get("errorCode")
                        .asInt());
        assertEquals(
                404_001,
                error(404, call("DELETE", "/devices/dev-1", ""))
                        .get("errorCode")
                        .asInt());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "PUT | /devices/d | not json | 400",
                "PUT | /devices/d | [] | 400",
                "PUT | /devices/d | {\"deviceId\":\"other\"} | 400",
                "PUT | /devices/d | {\"status\":\"maybe\"} | 400",
                "PUT | /devices/d | {\"authentication\":{\"type\":\"selfSigned\"}} | 400",
                "PUT | /devices/d | {\"authentication\":{\"symmetricKey\":{\"primaryKey\":\"x\"}}} | 400",
                "PUT | /devices/a%20b | {} | 400",
                "PUT | /devices/%C3 | {} | 400",
                "PATCH | /devices/dev-1 | {} | 405",
                "GET | /devices/dev-9 | '' | 404",
                "PATCH | /devices | '' | 405",
                "GET | /devices/ | '' | 404",
                "GET | / | '' | 404",
                "GET | /devices/dev-1/messages/deviceBound | '' | 405",
                "POST | /devices/dev-9/messages/deviceBound | x | 404",
                "GET | /devices/dev-1/messages/deviceBound/none | '' | 404",
                "GET | /devices/dev-9/messages/deviceBound/none | '' | 404",
                "PUT | /telemetry | '' | 405",
                "GET | /telemetry?after=x | '' | 400",
                "GET | /telemetry?after=-1 | '' | 400",
                "GET | /telemetry?follow=maybe | '' | 400"
            })
    void refusesWithAReason(String method, String path, String body, int status) throws Exception {
        JsonNode error = error(status, call(method, path, body));
        assertFalse(error.get("message").asText().isEmpty());
        assertTrue(error.get("errorCode").asInt() >= 400_000);
        assertNotNull(error.get("timestampUtc"));
    }

    // Cloud to device

    @Test
    void sendsAMessageAndTellsItsOutcome() throws Exception {
        List<CloudDelivery> got = new ArrayList<>();
        hub.receiveCloudMessages(HubIdentity.device("dev-1"), got::add, () -> {});
        HttpResponse<byte[]> response = client.send(
                request("/devices/dev-1/messages/deviceBound?api-version=2021-04-12")
                        .header("iothub-app-Key-One", "v")
                        .header("IoTHub-App-key2", "v 2")
                        .header("iothub-messageid", "id/1")
                        .header("IoTHub-CorrelationId", "c")
                        .header("iothub-contenttype", "text/plain")
                        .header("iothub-ack", "full")
                        .header("content-type", "application/octet-stream")
                        .POST(BodyPublishers.ofByteArray(new byte[] {0, 1, (byte) 0xff}))
                        .build(),
                BodyHandlers.ofByteArray());
        assertEquals("id/1", json(200, response).get("messageId").asText());
        HubMessage message = got.get(0).message();
        assertArrayEquals(new byte[] {0, 1, (byte) 0xff}, message.body());
        assertEquals(Map.of("Key-One", "v", "key2", "v 2"), message.properties());
        assertEquals(
                Map.of(
                        "message-id", "id/1",
                        "correlation-id", "c",
                        "content-type", "text/plain",
                        "ack", "full",
                        "to", "/devices/dev-1/messages/deviceBound"),
                message.systemProperties());
        assertOutcome("locked", "id%2F1");
        got.get(0).complete();
        assertOutcome("completed", "id%2F1");
    }

    @Test
    void tellsEveryOutcome() throws Exception {
        for (String id : List.of("a", "b", "c")) {
            hub.sendToDevice("dev-1", new HubMessage(Map.of("message-id", id), Map.of(), new byte[0]));
        }
        assertOutcome("enqueued", "a");
        List<CloudDelivery> got = new ArrayList<>();
        var link = hub.receiveCloudMessages(HubIdentity.device("dev-1"), got::add, () -> {});
        got.get(0).reject();
        assertOutcome("rejected", "a");
        for (int i = 0; i < 10; i++) {
            got.stream()
                    .filter(each -> each.sequenceNumber() == 2)
                    .reduce((x, y) -> y)
                    .orElseThrow()
                    .abandon();
        }
        assertOutcome("dead-lettered", "b");
        link.close();
        clock.advance(Duration.ofHours(2));
        assertOutcome("expired", "c");
    }

    private void assertOutcome(String expected, String id) throws Exception {
        assertEquals(
                expected,
                json(200, call("GET", "/devices/dev-1/messages/devicebound/" + id, ""))
                        .get("outcome")
                        .asText());
    }

    @Test
    void makesAMessageIdIfThereIsNone() throws Exception {
        String id = json(200, call("POST", "/devices/dev-1/messages/deviceBound", "x"))
                .get("messageId")
                .asText();
        assertEquals(
                CloudMessageState.ENQUEUED,
                hub.cloudMessage("dev-1", id).orElseThrow().state());
    }

    @Test
    void boundsTheBody() throws Exception {
        String path = "/devices/dev-1/messages/deviceBound";
        json(200, call("POST", path, "x".repeat(65_536)));
        JsonNode error = error(413, call("POST", path, "x".repeat(65_537)));
        assertEquals(413_001, error.get("errorCode").asInt());
    }

    @ParameterizedTest
    @CsvSource({"iothub-ack,always", "iothub-expiry,tomorrow", "iothub-nonsense,x"})
    void refusesHeadersThatMeanNothing(String name, String value) throws Exception {
        HttpResponse<byte[]> response = client.send(
                request("/devices/dev-1/messages/deviceBound")
                        .header(name, value)
                        .POST(BodyPublishers.ofString("x"))
                        .build(),
                BodyHandlers.ofByteArray());
        json(400, response);
    }

    // Telemetry

    @Test
    void listsTelemetryAsOneObjectPerLine() throws Exception {
        hub.put(HubIdentity.module("dev-1", "m"), IdentityStatus.ENABLED, null, null);
        hub.accept(
                HubIdentity.device("dev-1"),
                new HubMessage(Map.of("message-id", "1"), Map.of("k", "ä\"\n"), new byte[] {(byte) 0xfb, (byte) 0xff}));
        hub.accept(HubIdentity.module("dev-1", "m"), new HubMessage(Map.of(), Map.of(), new byte[0]));
        HttpResponse<byte[]> response = call("GET", "/telemetry", "");
        assertEquals(200, response.statusCode());
        String[] lines = new String(response.body(), StandardCharsets.UTF_8).split("\n", -1);
        assertEquals(3, lines.length);
        assertEquals(JSON.readTree("""
                        {"sequence":1,"deviceId":"dev-1","moduleId":null,"enqueuedTime":"2026-01-01T00:00:00Z",
                        "systemProperties":{"message-id":"1"},"properties":{"k":"ä\\"\\n"},"body":"+/8="}"""), JSON.readTree(lines[0]));
        assertEquals("m", JSON.readTree(lines[1]).get("moduleId").asText());
        assertEquals("", lines[2]);
    }

    @Test
    void servesTensOfThousandsAndFollowsLive() throws Exception {
        for (int i = 0; i < 25_000; i++) {
            accept(i % 2 == 0 ? "dev-1" : "dev-2");
        }
        HttpResponse<InputStream> response = client.send(
                request("/telemetry?deviceId=dev-1&after=1000&follow=true").build(), BodyHandlers.ofInputStream());
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            for (int i = 0; i < 12_000; i++) {
                assertEquals(
                        1_001 + 2 * i,
                        JSON.readTree(lines.readLine()).get("sequence").asInt());
            }
            accept("dev-2");
            accept("dev-1");
            assertEquals(25_002, JSON.readTree(lines.readLine()).get("sequence").asInt());
            accept("dev-1");
            assertEquals(25_003, JSON.readTree(lines.readLine()).get("sequence").asInt());
        }
    }

    @Test
    void endsAfterTheLimitAndKeepsTheConnection() throws Exception {
        for (int i = 0; i < 200; i++) {
            accept("dev-1");
        }
        assertEquals(150, lines("/telemetry?limit=150&follow=true"));
        assertEquals(0, lines("/telemetry?limit=0&follow=true"));
        assertEquals(50, lines("/telemetry?after=150"));
        assertEquals(0, lines("/telemetry?after=200"));
        assertEquals(0, lines("/telemetry?deviceId=nobody"));
    }

    private long lines(String path) throws Exception {
        return new String(call("GET", path, "").body(), StandardCharsets.UTF_8)
                .lines()
                .count();
    }

    @Test
    void holdsBackForAReaderThatDoesNotRead() throws Exception {
        HubMessage large = new HubMessage(Map.of(), Map.of(), new byte[200_000]);
        for (int i = 0; i < 300; i++) {
            hub.accept(HubIdentity.device("dev-1"), large);
        }
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream()
                    .write("GET /telemetry HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            assertEquals('H', socket.getInputStream().read());
            // The emulator answers others meanwhile, and this one in full once it reads.
            json(200, call("GET", "/devices/dev-1", ""));
            long bytes = socket.getInputStream().transferTo(OutputStream.nullOutputStream());
            assertTrue(bytes > 300L * 200_000 * 4 / 3, "only " + bytes);
        }
    }

    @Test
    void closesAConnectionThatDoesNotSpeakHttp() throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("rubbish\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertTrue(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                    .startsWith("HTTP/1.1 400 "));
        }
    }

    private void accept(String deviceId) throws HubException {
        hub.accept(HubIdentity.device(deviceId), new HubMessage(Map.of(), Map.of("k", "v"), new byte[] {1, 2, 3}));
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                .timeout(Duration.ofSeconds(30));
    }

    private HttpResponse<byte[]> call(String method, String path, String body) throws Exception {
        return client.send(
                request(path).method(method, BodyPublishers.ofString(body)).build(), BodyHandlers.ofByteArray());
    }

    private static JsonNode error(int status, HttpResponse<byte[]> response) throws IOException {
        return JSON.readTree(json(status, response).get("Message").asText());
    }

    private static JsonNode json(int status, HttpResponse<byte[]> response) throws IOException {
        String body = new String(response.body(), StandardCharsets.UTF_8);
        assertEquals(status, response.statusCode(), body);
        return JSON.readTree(body);
    }
}
